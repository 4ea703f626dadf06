"""The two dialects: bytes <-> events. Every event is encoded once per dialect, never once per member.

`Classic` is the documented wire format, to the letter; `V1` is the subprotocol `tornchat.v1`. What a
dialect writes are whole WebSocket text frames, the same for all members that speak it; empty bytes
stand for an event that the dialect does not show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, NamedTuple, Protocol

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError
from tornchat.framing import text_frame
from tornchat.messages import Entry, Participant, PresenceChange, User

V1_SUBPROTOCOL = "tornchat.v1"
MOST_KEYS = 100


class Said(NamedTuple):
    """What a client asks to say. `client_id` is its own id for the message, if its dialect has one."""

    text: str
    client_id: str | None = None


class Welcome(NamedTuple):
    """How a session begins: where its history ends, and whether it holds all since the asked position."""

    room: str
    user: User
    epoch: str
    seq: int
    recovered: bool


class Dialect(Protocol):
    """A way to read what clients say, and to write events as frames."""

    name: str

    @property
    def plain(self) -> Dialect:
        """The same dialect uncompressed, for what only one member is sent."""

    def decode(self, payload: bytes) -> Said:
        """Read one text message. Raises `ChatError` (`invalid_json`, `invalid_message`)."""

    def welcome(self, welcome: Welcome) -> bytes: ...
    def users(self, participants: Iterable[bytes]) -> bytes: ...
    def entry(self, entry: Entry) -> bytes: ...
    def presence(self, change: PresenceChange) -> bytes: ...
    def ack(self, client_id: str, seq: int) -> bytes: ...
    def error(self, error: ChatError, client_id: str | None = None) -> bytes: ...


# --- frames from clients --------------------------------------------------------------------------------


class ClassicSend(msgspec.Struct):
    """`{"message": "..."}`; other keys are ignored and never trusted."""

    message: str


class V1Send(msgspec.Struct, tag_field="type", tag="send"):
    """`{"type": "send", "id": "...", "message": "..."}`; the id is the client's own."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    message: str


class _AnyId(msgspec.Struct):
    id: str


# --- frames from the server -----------------------------------------------------------------------------


class ChatMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A message, as `classic` shows it."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: str


class V1ChatMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A message, as `v1` shows it: with its place in the log. A deleted one has an empty text."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: str
    seq: int


class MessageDeleted(msgspec.Struct, tag_field="type", tag="message_deleted"):
    """The message `seq` was deleted; the deletion's own place in the log is `position`."""

    seq: int
    position: int


class UserJoin(msgspec.Struct, tag_field="type", tag="user_join"):
    """A user is here now."""

    user_id: str
    username: str


class UserLeave(msgspec.Struct, tag_field="type", tag="user_leave"):
    """A user is not here any more."""

    user_id: str
    username: str


class V1Welcome(msgspec.Struct, tag_field="type", tag="welcome"):
    """The first frame of a `v1` session."""

    room: str
    user: Participant
    epoch: str
    seq: int
    recovered: bool


class Ack(msgspec.Struct, tag_field="type", tag="ack"):
    """The message with the client's id `id` is stored at `seq`."""

    id: str
    seq: int


class V1Error(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """A refusal. `retry_after` is in seconds."""

    code: str
    error: str
    id: str | None = None
    retry_after: float | None = None


class ClassicError(msgspec.Struct):
    """A refusal, as `classic` tells it."""

    error: str


_encode = msgspec.json.Encoder().encode


class _Shared:
    """What both dialects write alike."""

    def __init__(self) -> None:
        self._second = -1
        self._stamp = ""

    def users(self, participants: Iterable[bytes]) -> bytes:
        """The user list, from participants as `encode_participant` gave them."""
        return text_frame(b'{"type":"room_users_list","users":[' + b",".join(participants) + b"]}")

    def presence(self, change: PresenceChange) -> bytes:
        """`user_join` or `user_leave`."""
        form = UserJoin if change.kind == "join" else UserLeave
        return text_frame(_encode(form(change.participant.id, change.participant.username)))

    def _timestamp(self, sent_at: int) -> str:
        second = sent_at // 1000
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._stamp


class Classic(_Shared):
    """The documented wire format. Its frames carry the documented keys and no others."""

    name = "classic"
    _decode = staticmethod(msgspec.json.Decoder(ClassicSend).decode)

    @property
    def plain(self) -> Dialect:
        return self

    def decode(self, payload: bytes) -> Said:
        try:
            sent = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(error) from None
        if payload.count(b'"') != QUOTES_OF_ONE_PAIR and not _CLASSIC_ONE_KEY(payload):
            refuse_repeated_keys(payload)
        return Said(sent.message)

    def welcome(self, welcome: Welcome) -> bytes:
        return b""

    def entry(self, entry: Entry) -> bytes:
        if entry.kind != "message" or not entry.text:
            return b""
        stamp = self._timestamp(entry.sent_at)
        return text_frame(_encode(ChatMessage(entry.text, entry.sender_username, entry.sender_id, stamp)))

    def ack(self, client_id: str, seq: int) -> bytes:
        return b""

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        return text_frame(_encode(ClassicError(error.text)))


class V1(_Shared):
    """The subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

    name = "v1"
    _decode = staticmethod(msgspec.json.Decoder(V1Send).decode)

    @property
    def plain(self) -> Dialect:
        return self

    def decode(self, payload: bytes) -> Said:
        try:
            sent = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(error, _client_id(payload)) from None
        if payload.count(b'"') != QUOTES_OF_THREE_PAIRS and not _V1_THREE_KEYS(payload):
            refuse_repeated_keys(payload)
        return Said(sent.message, sent.id)

    def welcome(self, welcome: Welcome) -> bytes:
        user = Participant(welcome.user.id, welcome.user.username)
        return text_frame(
            _encode(V1Welcome(welcome.room, user, welcome.epoch, welcome.seq, welcome.recovered))
        )

    def entry(self, entry: Entry) -> bytes:
        if entry.kind == "deletion":
            return text_frame(_encode(MessageDeleted(entry.target or 0, entry.seq)))
        stamp = self._timestamp(entry.sent_at)
        return text_frame(
            _encode(V1ChatMessage(entry.text, entry.sender_username, entry.sender_id, stamp, entry.seq))
        )

    def ack(self, client_id: str, seq: int) -> bytes:
        return text_frame(_encode(Ack(client_id, seq)))

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        known = client_id or error.client_id
        return text_frame(_encode(V1Error(error.code, error.text, known, error.retry_after)))


def encode_participant(participant: Participant) -> bytes:
    """A participant as one item of the user list."""
    return _encode(participant)


# --- refusing what is doubtful ----------------------------------------------------------------------------

QUOTES_OF_ONE_PAIR = 4
QUOTES_OF_THREE_PAIRS = 12
"""What decodes with so many quotes has the keys that it must have and no other: none is there twice."""

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_CLASSIC_ONE_KEY = re.compile(rb'\s*\{\s*"message"\s*:\s*' + _STRING + rb"\s*\}\s*").fullmatch
_V1_THREE_KEYS = re.compile(
    rb'\s*\{\s*"type"\s*:\s*"send"\s*,\s*"id"\s*:\s*'
    + _STRING
    + rb'\s*,\s*"message"\s*:\s*'
    + _STRING
    + rb"\s*\}\s*"
).fullmatch


def refuse_repeated_keys(payload: bytes) -> None:
    """Raise `ChatError` if an object has a key twice: readers would differ in what was said.

    Only what is not of the usual, plain form comes here, since this costs many times the decoding.
    """
    try:
        json.loads(payload, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise ChatError("invalid_json", str(error)[:200]) from None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A key is there more than once.")
    if len(found) > MOST_KEYS:
        raise ValueError("There are too many keys.")
    return found


def _unreadable(error: Exception, client_id: str | None = None) -> ChatError:
    if isinstance(error, msgspec.ValidationError):
        return ChatError(
            "invalid_message", f"The message does not have the documented form: {error}.", None, client_id
        )
    return ChatError("invalid_json", "", None, client_id)


def _client_id(payload: bytes) -> str | None:
    """The id in a frame that is otherwise wrong, so that its sender knows which one was refused."""
    try:
        found = msgspec.json.decode(payload, type=_AnyId).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if 1 <= len(found) <= 64 else None
