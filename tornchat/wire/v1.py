"""The dialect `v1`, the subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError
from tornchat.model import Entry, Participant, PresenceChange
from tornchat.wire.dialect import Dialect, Said, Welcome
from tornchat.wire.framing import text_frame
from tornchat.wire.repeats import STRING, refuse_repeated_keys, unreadable
from tornchat.wire.shared import Seq, Shared, Timestamp, encode

V1_SUBPROTOCOL = "tornchat.v1"
QUOTES_OF_THREE_PAIRS = 12
"""A decoded message with this number of quotes has only the required keys, so that none is repeated."""
QUOTES_OF_ONE_PAIR = 4
"""The same for a ping."""
_V1_THREE_KEYS = re.compile(
    rb'\s*\{\s*"type"\s*:\s*"send"\s*,\s*"id"\s*:\s*'
    + STRING
    + rb'\s*,\s*"message"\s*:\s*'
    + STRING
    + rb"\s*\}\s*"
).fullmatch


class V1Send(msgspec.Struct, tag_field="type", tag="send"):
    """`{"type": "send", "id": "...", "message": "..."}`; the id is chosen by the client."""

    id: Annotated[
        str, Meta(min_length=1, max_length=64, description="Yours, never used before by you in this room.")
    ]
    message: str


class V1Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """Asks whether the server is there. The server answers with a `pong`."""


class V1Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The answer to a `ping`."""


class _AnyId(msgspec.Struct):
    id: str


class V1ChatMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A message in the dialect `v1`, with its `seq` in the log. A deleted message has an empty text."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: Timestamp
    seq: Seq


class MessageDeleted(msgspec.Struct, tag_field="type", tag="message_deleted"):
    """The message `seq` was deleted; `position` is the `seq` of the deletion itself."""

    seq: Seq
    position: Seq


class V1Welcome(msgspec.Struct, tag_field="type", tag="welcome"):
    """The first frame of a `v1` session."""

    room: str
    user: Participant
    epoch: Annotated[str, Meta(description="Names the log; with a place in it, it is a position.")]
    seq: Annotated[int, Meta(ge=0, description="Where the log stood: later entries are live.")]
    recovered: Annotated[bool, Meta(description="True if all follows that came after `since`.")]


class V1RoomUsersList(msgspec.Struct, tag_field="type", tag="room_users_list"):
    """The users in the room, including the receiver. Guests have `"guest": true`."""

    users: list[Participant]


class V1UserJoin(msgspec.Struct, tag_field="type", tag="user_join", omit_defaults=True):
    """A user joined the room. A guest has `"guest": true`."""

    user_id: str
    username: str
    guest: bool = False


class Ack(msgspec.Struct, tag_field="type", tag="ack"):
    """The message with the client's id `id` is stored at `seq`."""

    id: str
    seq: Seq


class V1Error(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """An error. `retry_after` is in seconds."""

    code: Annotated[str, Meta(description="For programs.")]
    error: Annotated[str, Meta(description="For people; it may change.")]
    id: Annotated[str | None, Meta(description="The message that it is about, if that is known.")] = None
    retry_after: Annotated[float | None, Meta(description="Seconds, if they are known.")] = None


class V1(Shared):
    """The subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

    name = "v1"
    marks_guests = True
    pong = text_frame(encode(V1Pong()))
    _decode = staticmethod(msgspec.json.Decoder(V1Send).decode)

    @property
    def plain(self) -> Dialect:
        return self

    def decode(self, payload: bytes) -> Said | None:
        try:
            sent = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if _is_ping(payload):  # looked for last, so that messages don't wait for it
                return None
            raise unreadable(error, _client_id(payload)) from None
        if payload.count(b'"') != QUOTES_OF_THREE_PAIRS and not _V1_THREE_KEYS(payload):
            refuse_repeated_keys(payload)
        return Said(sent.message, sent.id)

    def welcome(self, welcome: Welcome) -> bytes:
        user = welcome.user.participant
        return text_frame(
            encode(V1Welcome(welcome.room, user, welcome.epoch, welcome.seq, welcome.recovered))
        )

    def presence(self, change: PresenceChange) -> bytes:
        who = change.participant
        if change.kind == "join" and who.guest:
            return text_frame(encode(V1UserJoin(who.id, who.username, True)))
        return super().presence(change)

    def entry(self, entry: Entry) -> bytes:
        if entry.kind == "deletion":
            return text_frame(encode(MessageDeleted(entry.target or 0, entry.seq)))
        stamp = self._timestamp(entry.sent_at)
        return text_frame(
            encode(V1ChatMessage(entry.text, entry.sender_username, entry.sender_id, stamp, entry.seq))
        )

    def ack(self, client_id: str, seq: int) -> bytes:
        return text_frame(encode(Ack(client_id, seq)))

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        known = client_id or error.client_id
        return text_frame(encode(V1Error(error.code, error.text, known, error.retry_after)))


class _PingType(msgspec.Struct):
    """Not `V1Ping`, which msgspec also finds in an object without a type."""

    type: Literal["ping"]


_decode_ping = msgspec.json.Decoder(_PingType).decode


def _is_ping(payload: bytes) -> bool:
    """Return whether the payload is a ping. Raises `ChatError` if it is one with repeated keys."""
    try:
        _decode_ping(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    if payload.count(b'"') != QUOTES_OF_ONE_PAIR:
        refuse_repeated_keys(payload)
    return True


def _client_id(payload: bytes) -> str | None:
    """Return the id in an invalid message, if it has one, so that its sender knows which was refused."""
    try:
        found = msgspec.json.decode(payload, type=_AnyId).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if 1 <= len(found) <= 64 else None
