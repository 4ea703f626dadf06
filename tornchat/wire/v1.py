"""The dialect `v1`, the subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError
from tornchat.kinds import BUILT_IN
from tornchat.marks import MarkChange, Tallies
from tornchat.model import (
    PLAIN,
    Entry,
    KindName,
    Mentions,
    More,
    Participant,
    PresenceChange,
    Replies,
    RoomInfo,
    RoomKind,
    Status,
)
from tornchat.streaming import Ending
from tornchat.wire.dialect import Dialect, Said, Welcome
from tornchat.wire.framing import text_frame
from tornchat.wire.meta import MetaObject, spliced, text_of
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


ReplyTo: TypeAlias = Annotated[
    Seq | None, Meta(description="The place of the message that it answers, if it does.")
]
Thread: TypeAlias = Annotated[
    Seq | None, Meta(description="The place of the message whose thread it is in, if it is in one.")
]
EndingField: TypeAlias = Annotated[
    Ending | None, Meta(description="How it ended, if it was streamed and is closed.")
]
MetaField: TypeAlias = Annotated[
    MetaObject | None, Meta(description="Whatever the application says about the message.")
]


DataField: TypeAlias = Annotated[
    MetaObject | None, Meta(description="What its kind says of it, in the form that the kind declares.")
]


class _PlainSend(msgspec.Struct, tag_field="type", tag="send"):
    """`V1Send` without the fields that are optional."""

    id: ClientId
    message: str


class V1Send(msgspec.Struct, tag_field="type", tag="send", omit_defaults=True):
    """`{"type": "send", "id": "...", "message": "..."}`; the id is chosen by the client."""

    id: ClientId
    message: str
    reply_to: Annotated[Target | None, Meta(description="The place of the message that it answers.")] = None
    thread: Annotated[Target | None, Meta(description="The place of the message whose thread it is in.")] = (
        None
    )
    mentions: Annotated[Mentions | None, Meta(description="Whom it mentions.")] = None
    meta: MetaField = None
    kind: Annotated[KindName, Meta(description="The kind of message, if it is one that a plugin brings.")] = (
        PLAIN
    )
    data: DataField = None
    open: Annotated[bool, Meta(description="Whether it is streamed: `append` adds to it until `close`.")] = (
        False
    )


class V1Edit(msgspec.Struct, tag_field="type", tag="edit", omit_defaults=True):
    """Gives one's own message another text, and perhaps another `meta`, if it still has this revision."""

    id: ClientId
    seq: Target
    revision: Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The revision that you know.")]
    message: str
    meta: Annotated[MetaObject | None, Meta(description="The new one; without it, it stays as it is.")] = None


class V1Append(msgspec.Struct, tag_field="type", tag="append"):
    """Adds a piece to the text of one's own open message, if it is that long."""

    id: ClientId
    seq: Target
    offset: Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The length of the text, in code points.")]
    message: Annotated[str, Meta(description="The piece.")]


class V1Close(msgspec.Struct, tag_field="type", tag="close"):
    """Ends one's own open message."""

    id: ClientId
    seq: Target
    status: Ending


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


class V1Revise(msgspec.Struct, tag_field="type", tag="revise", omit_defaults=True):
    """Changes a message in the way of a kind that a plugin brings."""

    id: ClientId
    kind: KindName
    seq: Target
    data: DataField = None


class V1Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """Asks whether the server is there. The server answers with a `pong`."""


class V1Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The answer to a `ping`."""


V1Request: TypeAlias = V1Send | V1Edit | V1Append | V1Close | V1Delete | V1Mark | V1Revise


class _AnyId(msgspec.Struct):
    id: str


class _PlainMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A plain message that nothing acted on: `V1ChatMessage` without the fields that it then lacks."""

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
    reply_to: ReplyTo = None
    thread: Thread = None
    mentions: Annotated[Mentions | None, Meta(description="Whom it mentions, if it does.")] = None
    meta: MetaField = None
    replies: Annotated[Replies | None, Meta(description="Its thread, if it has one.")] = None
    marks: Annotated[Tallies, Meta(description="Kind -> token -> how many users have it, and who.")] = {}
    kind: Annotated[KindName, Meta(description="Its kind, if it is one that a plugin brings.")] = PLAIN
    data: DataField = None
    open: Annotated[bool, Meta(description="Whether it is being streamed.")] = False
    status: EndingField = None


class MessageChanged(msgspec.Struct, tag_field="type", tag="message_changed", omit_defaults=True):
    """The message `seq` has changed. `position` is the place of what changed it.

    Fields that did not change may be absent.
    """

    seq: Seq
    position: Seq
    revision: Annotated[int, Meta(ge=0, description="How often it was edited or revised by now.")]
    message: str | None = None
    edited_at: EditedAt = None
    meta: MetaField = None
    replies: Annotated[Replies | None, Meta(description="Its thread, if it has one.")] = None
    marks: Tallies | None = None
    data: DataField = None
    open: Annotated[bool | None, Meta(description="Of a streamed message: whether it still is.")] = None
    status: EndingField = None


class MessageAppended(msgspec.Struct, tag_field="type", tag="message_appended"):
    """A piece was added to the text of the open message `seq`. `position` is the place of the piece.

    Whoever has less text than `offset` code points reads the message again.
    """

    seq: Seq
    position: Seq
    offset: Annotated[int, Meta(ge=0, description="Where the piece begins, in code points.")]
    message: Annotated[str, Meta(description="The piece.")]


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


class V1Welcome(msgspec.Struct, tag_field="type", tag="welcome", omit_defaults=True):
    """The first frame of a `v1` session."""

    room: str
    user: Participant
    epoch: Annotated[str, Meta(description="Names the log; with a place in it, it is a position.")]
    seq: Annotated[int, Meta(ge=0, description="Where the log stood: later entries are live.")]
    recovered: Annotated[bool, Meta(description="True if all follows that came after `since`.")]
    read_seq: Annotated[
        Seq | None, Meta(description="How far you have read, 0 if nothing. Absent if it can't be told now.")
    ] = None
    unread: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Messages after it, if that is known.")
    ] = None


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


class RoomChanged(msgspec.Struct, tag_field="type", tag="room_changed"):
    """The room has another title, topic or kind. Texts are empty if there are none."""

    room: str
    title: str
    topic: str
    kind: RoomKind


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
    length: Annotated[
        int | None, Meta(description="With `stale`: the present length of an open message's text.")
    ] = None


class V1(Shared):
    """The subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

    name = "v1"
    marks_guests = True
    signals = True
    streams = True
    pong = text_frame(encode(V1Pong()))
    _decode_plain = staticmethod(msgspec.json.Decoder(_PlainSend).decode)
    _decode_send = staticmethod(msgspec.json.Decoder(V1Send).decode)
    _decode = staticmethod(msgspec.json.Decoder(V1Request).decode)

    @property
    def plain(self) -> Dialect:
        return self

    def decode(self, payload: bytes) -> Said | None:
        try:
            sent = self._decode_plain(payload)
        except msgspec.ValidationError:
            return self._decode_other(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(error, _client_id(payload)) from None
        if payload.count(b'"') != QUOTES_OF_THREE_PAIRS and not _V1_THREE_KEYS(payload):
            refuse_repeated_keys(payload)
            return self._decode_more(payload)
        return Said(sent.message, sent.id)

    def _decode_more(self, payload: bytes) -> Said:
        """Decode a message to send that says more than a text."""
        try:
            sent = self._decode_send(payload)
        except msgspec.ValidationError as error:
            raise unreadable(error, _client_id(payload)) from None
        return _said(sent)

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
            encode(
                V1Welcome(
                    welcome.room,
                    user,
                    welcome.epoch,
                    welcome.seq,
                    welcome.recovered,
                    welcome.read_seq,
                    welcome.unread,
                )
            )
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
        if entry.is_plain:
            return text_frame(
                encode(_PlainMessage(entry.text, entry.sender_username, entry.sender_id, stamp, entry.seq))
            )
        more = entry.more or More()
        message = V1ChatMessage(
            entry.text,
            entry.sender_username,
            entry.sender_id,
            stamp,
            entry.seq,
            revision=entry.revision,
            edited_at=self._edited_at(entry),
            position=more.position or None,
            reply_to=more.reply_to,
            thread=more.thread,
            mentions=more.mentions,
            meta=spliced(more.meta),
            replies=more.replies,
            marks=more.marks,
            kind=PLAIN if entry.kind == PLAIN else entry.kind,  # defaults are left out by identity
            data=spliced(more.data),
            open=entry.is_open,
            status=ending(more.status),
        )
        return text_frame(encode(message))

    def _act(self, entry: Entry, target: int) -> bytes:
        if entry.empties:
            return text_frame(encode(MessageDeleted(target, entry.seq)))
        if entry.mark is not None:
            return self.marked([entry])
        if entry.offset is not None or entry.closes:
            return self._streamed(entry, target)
        edited_at = self._timestamp(entry.sent_at) if entry.text else None
        changed = MessageChanged(
            target,
            entry.seq,
            entry.revision,
            entry.text or None,
            edited_at,
            spliced(entry.meta),
            data=spliced(entry.data),
        )
        return text_frame(encode(changed))

    @staticmethod
    def _streamed(entry: Entry, target: int) -> bytes:
        """Return the frame of a piece of a streamed message, or of its end.

        A piece is empty if its message was closed before this node read it, and is not told.
        """
        if entry.offset is not None:
            appended = MessageAppended(target, entry.seq, entry.offset, entry.text)
            return text_frame(encode(appended)) if entry.text else b""
        changed = MessageChanged(target, entry.seq, entry.revision, entry.text or None, open=False)
        changed.status = ending(entry.more.status) if entry.more is not None else None
        return text_frame(encode(changed))

    def marked(self, marks: Sequence[Entry]) -> bytes:
        last, counts = marks[-1], dict[str, int]()
        for entry in marks:
            counts |= entry.mark.counts if entry.mark is not None else {}
        changes = [entry.mark_change for entry in marks]
        return text_frame(encode(Marked(last.kind, last.target or 0, last.seq, counts, changes)))

    def changed(self, message: Entry) -> bytes:
        status = message.more.status if message.more is not None else ""
        changed = MessageChanged(
            message.seq,
            message.position,
            message.revision,
            message.text,
            self._edited_at(message),
            spliced(message.meta),
            message.more.replies if message.more is not None else None,
            message.marks,
            spliced(message.data),
            message.is_open if status else None,
            ending(status),
        )
        return text_frame(encode(changed))

    def _edited_at(self, message: Entry) -> str | None:
        edited_at = message.more.edited_at if message.more is not None else 0
        return self._timestamp(edited_at) if edited_at else None

    def caught_up(self, position: int) -> bytes:
        return text_frame(encode(CaughtUp(position)))

    def room_changed(self, room: RoomInfo) -> bytes:
        return text_frame(encode(RoomChanged(room.name, room.title, room.topic, room.kind)))

    def ack(self, client_id: str, entry: Entry) -> bytes:
        if entry.target is None:
            return text_frame(encode(Ack(client_id, entry.seq)))
        return text_frame(encode(Ack(client_id, entry.target, entry.seq)))

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        known = client_id or error.client_id
        present = (error.revision, error.length)
        return text_frame(encode(V1Error(error.code, error.text, known, error.retry_after, *present)))


def _said(sent: V1Request) -> Said:
    """Raises `ChatError` (`invalid_message`)."""
    try:
        if isinstance(sent, V1Send):
            more = more_of(
                sent.reply_to, sent.thread, sent.mentions, sent.meta, sent.kind, sent.data, sent.open
            )
            return Said(sent.message, sent.id, sent.kind, more=more)
        if isinstance(sent, V1Edit):
            more = more_of(meta=sent.meta)
            return Said(sent.message, sent.id, "edit", sent.seq, sent.revision, more)
        if isinstance(sent, V1Revise):
            return revision_of(sent.seq, sent.kind, sent.data, sent.id)
    except ChatError as error:
        raise ChatError(error.code, error.text, None, sent.id) from None
    if isinstance(sent, V1Append):
        return Said(sent.message, sent.id, "append", sent.seq, sent.offset, More(offset=sent.offset))
    if isinstance(sent, V1Close):
        return Said("", sent.id, "close", sent.seq, more=More(status=sent.status))
    if isinstance(sent, V1Mark):
        return Said("", sent.id, sent.kind, sent.seq, tokens=tuple(sent.tokens))
    return Said("", sent.id, "deletion", sent.seq)


def more_of(
    reply_to: int | None = None,
    thread: int | None = None,
    mentions: Mentions | None = None,
    meta: MetaObject | None = None,
    kind: str = PLAIN,
    data: MetaObject | None = None,
    opens: bool = False,
) -> More | None:
    """Return what a client says of a message beyond its text; None if it says nothing.

    A message of another kind than `message` always says something. Raises `ChatError` (`invalid_message`)
    for a `meta` or a `data` that is too large or too deep.
    """
    if mentions is not None:
        mentioned = Mentions(tuple(dict.fromkeys(mentions.users)), mentions.room)
        mentions = mentioned if mentioned.users or mentioned.room else None
    said = (reply_to, thread, mentions, meta, data)
    if kind == PLAIN and all(one is None for one in said) and not opens:
        return None
    told, typed = text_of(meta), text_of(data, "data")
    status: Status = "open" if opens else ""
    return More(reply_to=reply_to, thread=thread, mentions=mentions, meta=told, data=typed, status=status)


def ending(status: Status) -> Ending | None:
    """Return how a streamed message ended; None for one that is open, or was not streamed."""
    return None if status == "" or status == "open" else status


def revision_of(seq: int, kind: str, data: MetaObject | None = None, client_id: str | None = None) -> Said:
    """Return what a client says who changes a message in the way of a plugin's kind.

    Raises `ChatError` (`invalid_message`) for a `data` that is too large or too deep, and for a built-in
    kind, which has a frame of its own.
    """
    if kind in BUILT_IN:
        raise ChatError("invalid_message", f"The kind {kind!r} is built in, and has a frame of its own.")
    typed = text_of(data, "data")
    return Said("", client_id, kind, seq, more=More(data=typed) if typed else None)


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
