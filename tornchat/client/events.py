"""The events of a client. All except `Disconnected` are decoded v1 frames."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from tornchat.marks import MarkChange, Tallies
from tornchat.model import PLAIN, Mentions, Participant, Replies
from tornchat.streaming import Ending
from tornchat.wire import Ack, V1Error, V1Pong


class Connected(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The client has joined the room, for the first time or again after a disconnect.

    If `recovered` is true, exactly the missed messages follow. Otherwise the usual history follows, possibly
    with a gap to the messages received before; an application should discard those. `seq` is the position of
    the newest entry in the log, `read_seq` how far the user has read, on any device, and `unread` the number
    of messages after it; they are None if the server can't tell.
    """

    room: str
    user: Participant
    epoch: str
    seq: int
    recovered: bool
    read_seq: int | None = None
    unread: int | None = None


class UserList(msgspec.Struct, frozen=True, tag_field="type", tag="room_users_list"):
    """The users in the room, including this one. Follows each `Connected`."""

    users: tuple[Participant, ...]


class Message(msgspec.Struct, frozen=True, tag_field="type", tag="chat_message"):
    """A message with its `seq` in the room's log, in its present state. The text of a deleted one is empty.

    `revision` is how often it was revised, `edited_at` when its text was last, and `position` the place of
    the last entry that acted on it; 0 if none did. `reply_to` is the `seq` of the message that it answers,
    `thread` that of the message whose thread it is in, `meta` what the application said about it, and
    `replies` what its own thread has. `marks` is how it is marked: kind -> token -> `count` and `users`,
    which is empty if they are many. A message of a kind that a plugin of the server brings has another `kind`
    than "message", and perhaps `data`. Its text says the same to those who do not know the kind. A streamed
    message is `open` while it grows, and then has a `status`.
    """

    seq: int
    sender_id: str
    sender_username: str
    text: str = msgspec.field(name="message")
    sent_at: datetime = msgspec.field(name="timestamp")
    revision: int = 0
    edited_at: datetime | None = None
    position: int = 0
    reply_to: int | None = None
    thread: int | None = None
    mentions: Mentions | None = None
    meta: dict[str, object] | None = None
    replies: Replies | None = None
    marks: Tallies = {}
    kind: str = PLAIN
    data: dict[str, object] | None = None
    open: bool = False
    status: Ending | None = None


class MessageChanged(msgspec.Struct, frozen=True, tag_field="type", tag="message_changed"):
    """The message `seq` has changed. `position` is the place of the change.

    `text`, `meta`, `replies`, `marks`, `data`, `open` and `status` are None if they are the same.

    The change is in `Client.messages` already. Who keeps other messages applies it to those with a lower
    position, and ignores it for messages that are not kept.
    """

    seq: int
    position: int
    revision: int
    text: str | None = msgspec.field(name="message", default=None)
    edited_at: datetime | None = None
    meta: dict[str, object] | None = None
    replies: Replies | None = None
    marks: Tallies | None = None
    data: dict[str, object] | None = None
    open: bool | None = None
    status: Ending | None = None


class MessageAppended(msgspec.Struct, frozen=True, tag_field="type", tag="message_appended"):
    """The open message `seq` has grown by `text`, which begins at `offset` (code points) in its text.

    `position` is the place of the piece. It is in `Client.messages` already.
    """

    seq: int
    position: int
    offset: int
    text: str = msgspec.field(name="message")


class Marked(msgspec.Struct, frozen=True, tag_field="type", tag="marked"):
    """Users have marked the message `seq`, such as with reactions, or have taken marks back.

    `counts` says how many users have each token that changed; 0: nobody any more. `changes` are in the order
    in which they were made, and `position` is the place of the last one. It is in `Client.messages` already.
    """

    kind: str
    seq: int
    position: int
    counts: dict[str, int]
    changes: tuple[MarkChange, ...]


class MessageDeleted(msgspec.Struct, frozen=True, tag_field="type", tag="message_deleted"):
    """The message `seq` was deleted. `position` is the `seq` of the deletion itself."""

    seq: int
    position: int


class CaughtUp(msgspec.Struct, frozen=True, tag_field="type", tag="caught_up"):
    """All up to `position` has been received, after each `Connected`. What follows is live."""

    position: int


class UserJoined(msgspec.Struct, frozen=True, tag_field="type", tag="user_join"):
    """A user has joined the room."""

    user_id: str
    username: str
    guest: bool = False


class UserLeft(msgspec.Struct, frozen=True, tag_field="type", tag="user_leave"):
    """A user has left the room."""

    user_id: str
    username: str


class Typing(msgspec.Struct, frozen=True, tag_field="type", tag="typing"):
    """A user is typing, in the thread of the message `thread` if that is not None.

    The user is not any more 8 seconds later, and after a message or the leave of the user.
    """

    user_id: str
    thread: int | None = None


class ReadMoved(msgspec.Struct, frozen=True, tag_field="type", tag="read_moved"):
    """This user has read the room up to `seq`, here or on another device."""

    room: str
    seq: int


class ReadState(msgspec.Struct, frozen=True, tag_field="type", tag="read_state"):
    """A user has read the room up to `seq`. Only servers that are configured to tell it do."""

    user_id: str
    seq: int


class RoomChanged(msgspec.Struct, frozen=True, tag_field="type", tag="room_changed"):
    """The room says something else of itself. All are as they are now; `kind` is open, private or direct."""

    room: str
    title: str
    topic: str
    kind: str = "open"


class Disconnected(msgspec.Struct, frozen=True):
    """The connection has ended or could not be opened. The next attempt is made in `retry_in` seconds.

    `code` is the close code; None if there was none. `reason` is a description for users.
    """

    reason: str
    code: int | None
    retry_in: float


_Told: TypeAlias = (
    Connected
    | UserList
    | Message
    | MessageChanged
    | MessageAppended
    | MessageDeleted
    | Marked
    | CaughtUp
    | UserJoined
    | UserLeft
    | Typing
    | ReadMoved
    | ReadState
    | RoomChanged
)
Event: TypeAlias = _Told | Disconnected
Frame: TypeAlias = _Told | Ack | V1Error | V1Pong

_decode = msgspec.json.Decoder(Frame).decode
_KNOWN = frozenset(form.__struct_config__.tag for form in Frame.__args__)


class _AnyType(msgspec.Struct):
    type: str


def read_frame(payload: bytes) -> Frame | None:
    """Decode a v1 frame; return None if its type is unknown, in which case it must be ignored.

    Raises `ValueError` if the frame violates the wire format.
    """
    try:
        frame: Frame = _decode(payload)
        return frame
    except msgspec.ValidationError:
        if msgspec.json.decode(payload, type=_AnyType).type in _KNOWN:
            raise
        return None
