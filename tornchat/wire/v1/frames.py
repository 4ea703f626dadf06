"""The frames that the server sends to clients of `v1`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tornchat.marks import MarkChange, Tallies
from tornchat.model import PLAIN, KindName, Mentions, Participant, Replies, RoomKind
from tornchat.wire.shared import Seq, Timestamp
from tornchat.wire.v1.fields import (
    Changer,
    DataField,
    EditedAt,
    EndingField,
    MetaField,
    ReplyTo,
    Revision,
    Thread,
)


class V1Pong(msgspec.Struct, tag_field="type", tag="pong"):
    """The answer to a `ping`."""


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
