"""Frames of `v1` about users and not for the log: how far they have read a room, and that they are typing."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.wire.framing import text_frame
from tornchat.wire.repeats import refuse_repeated_keys, unreadable
from tornchat.wire.shared import Seq, encode

MOST_SEQ = 2**53 - 1
SignalId: TypeAlias = Annotated[
    Annotated[str, Meta(min_length=1, max_length=64)] | None,
    Meta(description="Yours, for the error if there is one."),
]
RoomField: TypeAlias = Annotated[str | None, Meta(description="On a connection for many rooms: the room.")]


class Read(msgspec.Struct, tag_field="type", tag="read", omit_defaults=True):
    """Moves the marker of what you have read. It never goes back, except with `force`."""

    seq: Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The last entry that you have read.")]
    room: RoomField = None
    epoch: Annotated[str | None, Meta(description="The epoch of the log that it is in, for a check.")] = None
    force: Annotated[bool, Meta(description="Whether the marker may go back.")] = False
    id: SignalId = None


class Typing(msgspec.Struct, tag_field="type", tag="typing", omit_defaults=True):
    """Shows the others in the room that you are typing. At most every 3 seconds; more are ignored."""

    thread: Annotated[
        Annotated[int, Meta(ge=0, le=MOST_SEQ)] | None,
        Meta(description="The message in whose thread, if it is in one."),
    ] = None
    room: RoomField = None
    id: SignalId = None


class UserTyping(msgspec.Struct, tag_field="type", tag="typing", omit_defaults=True):
    """A user is typing; not any more after 8 seconds, and after a message or the leave of the user."""

    user_id: str
    thread: Annotated[Seq | None, Meta(description="The message in whose thread, if it is in one.")] = None


class ReadState(msgspec.Struct, tag_field="type", tag="read_state"):
    """A user has read the room up to an entry. Only in rooms with few users, and if the server tells it."""

    user_id: str
    seq: Annotated[Seq, Meta(description="The last entry that was read.")]


Signal: TypeAlias = Read | Typing


class _Head(msgspec.Struct):
    type: str
    id: str | None = None


_TYPES = frozenset({"read", "typing"})
_read_head = msgspec.json.Decoder(_Head).decode
_read_signal = msgspec.json.Decoder(Signal).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read(payload: bytes) -> Signal | None:
    """Decode a frame; None if it is of another type. Raises `ChatError` (`invalid_message`)."""
    try:
        head = _read_head(payload)
    except _UNREADABLE:
        return None
    if head.type not in _TYPES:
        return None
    try:
        signal: Signal = _read_signal(payload)
    except _UNREADABLE as error:
        known = head.id if head.id is not None and 1 <= len(head.id) <= 64 else None
        raise unreadable(error, known) from None
    refuse_repeated_keys(payload)
    return signal


def framed(told: UserTyping | ReadState) -> bytes:
    """Return the frame."""
    return text_frame(encode(told))
