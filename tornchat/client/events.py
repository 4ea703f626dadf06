"""What a client is told, typed: each event is read from a v1 frame as it came, but for `Disconnected`."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from tornchat.model import Participant
from tornchat.wire import Ack, V1Error


class Connected(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The room was entered, for the first time or again.

    `recovered`: all that was missed follows, and nothing else. If it is false, drop what you show of the
    room: the usual history follows, and may not meet what you had. `seq` is where the log stood.
    """

    room: str
    user: Participant
    epoch: str
    seq: int
    recovered: bool


class UserList(msgspec.Struct, frozen=True, tag_field="type", tag="room_users_list"):
    """Who is here, after each `Connected`; it holds yourself."""

    users: tuple[Participant, ...]


class Message(msgspec.Struct, frozen=True, tag_field="type", tag="chat_message"):
    """A message at its place in the room's log. The text of one that was deleted is empty."""

    seq: int
    sender_id: str
    sender_username: str
    text: str = msgspec.field(name="message")
    sent_at: datetime = msgspec.field(name="timestamp")


class MessageDeleted(msgspec.Struct, frozen=True, tag_field="type", tag="message_deleted"):
    """The message `seq` was deleted; the deletion's own place in the log is `position`."""

    seq: int
    position: int


class UserJoined(msgspec.Struct, frozen=True, tag_field="type", tag="user_join"):
    """A user is here now."""

    user_id: str
    username: str


class UserLeft(msgspec.Struct, frozen=True, tag_field="type", tag="user_leave"):
    """A user is not here any more."""

    user_id: str
    username: str


class Disconnected(msgspec.Struct, frozen=True):
    """The connection ended, and the next try is in `retry_in` seconds.

    `code` is its close code; None if it broke off, or never was open. `reason` is for people.
    """

    reason: str
    code: int | None
    retry_in: float


Event: TypeAlias = Connected | UserList | Message | MessageDeleted | UserJoined | UserLeft | Disconnected
Frame: TypeAlias = Connected | UserList | Message | MessageDeleted | UserJoined | UserLeft | Ack | V1Error

_decode = msgspec.json.Decoder(Frame).decode
_KNOWN = frozenset(form.__struct_config__.tag for form in Frame.__args__)


class _AnyType(msgspec.Struct):
    type: str


def read_frame(payload: bytes) -> Frame | None:
    """Read a v1 frame; None is one of a type that this client doesn't know, which is to be ignored.

    Raises `ValueError` if it is not what the wire format says.
    """
    try:
        frame: Frame = _decode(payload)
        return frame
    except msgspec.ValidationError:
        if msgspec.json.decode(payload, type=_AnyType).type in _KNOWN:
            raise
        return None
