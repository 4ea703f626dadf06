"""The dialect `v1`, the subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError
from tornchat.marks import MarkChange, Tallies
from tornchat.model import Entry, KindName, Participant, PresenceChange
from tornchat.wire.dialect import Dialect, Said, Welcome
from tornchat.wire.framing import text_frame
from tornchat.wire.repeats import STRING, refuse_repeated_keys, unreadable
from tornchat.wire.shared import Seq, Shared, Timestamp, encode

V1_SUBPROTOCOL = "tornchat.v1"
MOST_SEQ = 2**53 - 1
"""The largest integer that all JSON parsers represent exactly."""
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


ClientId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="Yours, never used before by you in this room.")
]
Revision: TypeAlias = Annotated[int, Meta(ge=0, description="How often the message was edited.")]
Target: TypeAlias = Annotated[
    int, Meta(ge=0, le=MOST_SEQ, description="The place of the message in the log.")
]
EditedAt: TypeAlias = Annotated[Timestamp | None, Meta(description="When it was edited last, if it was.")]
Changer: TypeAlias = Annotated[
    Seq | None, Meta(description="The place of the last entry that acted on it, if one did.")
]


class V1Send(msgspec.Struct, tag_field="type", tag="send"):
    """`{"type": "send", "id": "...", "message": "..."}`; the id is chosen by the client."""

    id: ClientId
    message: str


class V1Edit(msgspec.Struct, tag_field="type", tag="edit"):
    """Gives one's own message another text, if it still has this revision."""

    id: ClientId
    seq: Target
    revision: Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The revision that you know.")]
    message: str


class V1Delete(msgspec.Struct, tag_field="type", tag="delete"):
    """Deletes a message: one's own, or as a moderator."""

    id: ClientId
    seq: Target


class V1Mark(msgspec.Struct, tag_field="type", tag="mark"):
    """Replaces what one has put on a message, such as the reactions, by these tokens; none removes it."""

    id: ClientId
    kind: KindName
    seq: Target
    tokens: Annotated[list[str], Meta(description="All that you have then.")]


class V1Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """Asks whether the server is there. The server answers with a `pong`."""


class V1Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The answer to a `ping`."""


V1Request: TypeAlias = V1Send | V1Edit | V1Delete | V1Mark


class _AnyId(msgspec.Struct):
    id: str


class _PlainMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A message that nothing acted on: `V1ChatMessage` without the fields that it then lacks."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: Timestamp
    seq: Seq


class V1ChatMessage(msgspec.Struct, tag_field="type", tag="chat_message", omit_defaults=True):
    """A message in its present state, with its `seq` in the log. A deleted message has an empty text."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: Timestamp
    seq: Seq
    revision: Revision = 0
    edited_at: EditedAt = None
    position: Changer = None
    marks: Annotated[Tallies, Meta(description="Kind -> token -> how many users have it, and who.")] = {}


class MessageChanged(msgspec.Struct, tag_field="type", tag="message_changed", omit_defaults=True):
    """The message `seq` has changed. `position` is the place of what changed it.

    Fields that did not change may be absent.
    """

    seq: Seq
    position: Seq
    revision: Annotated[int, Meta(ge=0, description="How often it was edited by now.")]
    message: str | None = None
    edited_at: EditedAt = None
    marks: Tallies | None = None


class Marked(msgspec.Struct, tag_field="type", tag="marked"):
    """Users have marked the message `seq`. `counts` are those that changed; 0: nobody has the token any more.

    `changes` are in the order in which they were made; `position` is the place of the last one.
    """

    kind: KindName
    seq: Seq
    position: Seq
    counts: dict[str, Annotated[int, Meta(ge=0)]]
    changes: list[MarkChange]


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


class CaughtUp(msgspec.Struct, tag_field="type", tag="caught_up"):
    """The end of a history and of a resume: all up to `position` has been sent. What follows is live."""

    position: Seq


class Ack(msgspec.Struct, tag_field="type", tag="ack", omit_defaults=True):
    """What the client sent with the id `id` is stored.

    `seq` is the message, and `position` the place of what acts on it, if that is no message itself.
    """

    id: str
    seq: Seq
    position: Annotated[Seq | None, Meta(description="The place of what acts on it.")] = None


class V1Error(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """An error. `retry_after` is in seconds."""

    code: Annotated[str, Meta(description="For programs.")]
    error: Annotated[str, Meta(description="For people; it may change.")]
    id: Annotated[str | None, Meta(description="The message that it is about, if that is known.")] = None
    retry_after: Annotated[float | None, Meta(description="Seconds, if they are known.")] = None
    revision: Annotated[int | None, Meta(description="With `stale`: the message's present one.")] = None


class V1(Shared):
    """The subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

    name = "v1"
    marks_guests = True
    pong = text_frame(encode(V1Pong()))
    _decode_send = staticmethod(msgspec.json.Decoder(V1Send).decode)
    _decode = staticmethod(msgspec.json.Decoder(V1Request).decode)

    @property
    def plain(self) -> Dialect:
        return self

    def decode(self, payload: bytes) -> Said | None:
        try:
            sent = self._decode_send(payload)
        except msgspec.ValidationError:
            return self._decode_other(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(error, _client_id(payload)) from None
        if payload.count(b'"') != QUOTES_OF_THREE_PAIRS and not _V1_THREE_KEYS(payload):
            refuse_repeated_keys(payload)
        return Said(sent.message, sent.id)

    def _decode_other(self, payload: bytes) -> Said | None:
        """Decode what is no message to send; the frequent ones are spared the look at their type."""
        try:
            sent = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if _is_ping(payload):
                return None
            raise unreadable(error, _client_id(payload)) from None
        refuse_repeated_keys(payload)
        return _said(sent)

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
        if entry.target is not None:
            return self._act(entry, entry.target)
        stamp = self._timestamp(entry.sent_at)
        if entry.more is None:
            return text_frame(
                encode(_PlainMessage(entry.text, entry.sender_username, entry.sender_id, stamp, entry.seq))
            )
        message = V1ChatMessage(
            entry.text,
            entry.sender_username,
            entry.sender_id,
            stamp,
            entry.seq,
            revision=entry.revision,
            edited_at=self._edited_at(entry),
            position=entry.position,
            marks=entry.marks,
        )
        return text_frame(encode(message))

    def _act(self, entry: Entry, target: int) -> bytes:
        if entry.empties:
            return text_frame(encode(MessageDeleted(target, entry.seq)))
        if entry.mark is not None:
            return self.marked([entry])
        edited_at = self._timestamp(entry.sent_at)
        return text_frame(
            encode(MessageChanged(target, entry.seq, entry.revision, entry.text or None, edited_at))
        )

    def marked(self, marks: Sequence[Entry]) -> bytes:
        last, counts = marks[-1], dict[str, int]()
        for entry in marks:
            counts |= entry.mark.counts if entry.mark is not None else {}
        changes = [entry.mark_change for entry in marks]
        return text_frame(encode(Marked(last.kind, last.target or 0, last.seq, counts, changes)))

    def changed(self, message: Entry) -> bytes:
        known = (message.seq, message.position, message.revision)
        now = (message.text, self._edited_at(message), message.marks)
        return text_frame(encode(MessageChanged(*known, *now)))

    def _edited_at(self, message: Entry) -> str | None:
        edited_at = message.more.edited_at if message.more is not None else 0
        return self._timestamp(edited_at) if edited_at else None

    def caught_up(self, position: int) -> bytes:
        return text_frame(encode(CaughtUp(position)))

    def ack(self, client_id: str, entry: Entry) -> bytes:
        if entry.target is None:
            return text_frame(encode(Ack(client_id, entry.seq)))
        return text_frame(encode(Ack(client_id, entry.target, entry.seq)))

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        known = client_id or error.client_id
        return text_frame(encode(V1Error(error.code, error.text, known, error.retry_after, error.revision)))


def _said(sent: V1Request) -> Said:
    if isinstance(sent, V1Send):
        return Said(sent.message, sent.id)
    if isinstance(sent, V1Edit):
        return Said(sent.message, sent.id, "edit", sent.seq, sent.revision)
    if isinstance(sent, V1Mark):
        return Said("", sent.id, sent.kind, sent.seq, tokens=tuple(sent.tokens))
    return Said("", sent.id, "deletion", sent.seq)


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
