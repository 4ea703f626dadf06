"""Frames of a connection for many rooms that tell a user something, whatever rooms the connection is in.

They are hints: a client that has missed some finds the same in the HTTP API.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.model import Participant
from tornchat.wire.framing import text_frame
from tornchat.wire.shared import Seq, encode
from tornchat.wire.v1.frames import RoomChanged


class Mention(msgspec.Struct, tag_field="type", tag="mention"):
    """A message mentions the user, or everybody in a room that the connection is in or watches."""

    room: str
    seq: Annotated[Seq, Meta(description="The place of the message.")]
    sender: Participant
    text: Annotated[str, Meta(description="How the message begins.")]


class Invited(msgspec.Struct, tag_field="type", tag="invited"):
    """The user was let into a room."""

    room: str


class Removed(msgspec.Struct, tag_field="type", tag="removed"):
    """The user was removed from a room."""

    room: str


class ReadMoved(msgspec.Struct, tag_field="type", tag="read_moved"):
    """The marker of what the user has read in a room has moved, here or on another device."""

    room: str
    seq: Annotated[Seq, Meta(description="The last entry that was read.")]


Hint: TypeAlias = Mention | Invited | Removed | RoomChanged | ReadMoved


def framed(hint: Hint) -> bytes:
    """Return the frame."""
    return text_frame(encode(hint))
