"""Common input and output types of the API, from which validation and the document are derived."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.model import Participant
from tornchat.wire import times

MOST_SEQ = 2**53 - 1
"""The largest integer that all JSON parsers represent exactly."""

_CONTROLS = "\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069"

ROOM_FORMAT = "room-name"
"""Schema format, replaced by `[rooms] name_pattern`. Not validated: other names yield 404."""
MESSAGE_FORMAT = "chat-message"
"""Schema format, replaced by the limits of messages. Not validated here: the chat has its own error codes."""
RoomName: TypeAlias = Annotated[
    str,
    Meta(
        max_length=1024,
        description="The name of a room.",
        examples=["general"],
        extra_json_schema={"format": ROOM_FORMAT},
    ),
]
UserId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=256, description="The id of a user.", examples=["alice"])
]
Seq: TypeAlias = Annotated[
    int, Meta(ge=0, le=MOST_SEQ, description="A position in the room's log: 1, 2, 3 ...", examples=[1])
]
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=200, description="Maximum number of items.")]
Timestamp: TypeAlias = Annotated[
    str,
    Meta(
        description="A time in UTC (RFC 3339).",
        examples=["2024-03-14T12:00:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Username: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=f"^[^\\s{_CONTROLS}][^{_CONTROLS}]*$",
        description="The name shown to other users. No control characters.",
        examples=["alice"],
    ),
]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base class of inputs. Unknown fields are errors."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Base class of outputs."""


class RoomPath(Input, frozen=True):
    """The path of a room."""

    room: RoomName


class Person(Output, frozen=True):
    """A user as shown to other users."""

    id: str
    username: str
    guest: bool

    @classmethod
    def of(cls, participant: Participant) -> Person:
        """A participant as the API shows it."""
        return cls(id=participant.id, username=participant.username, guest=participant.guest)


def timestamp(seconds: float) -> str:
    """Format Unix time in seconds as RFC 3339, without the fraction."""
    return times.timestamp(seconds * 1000)


class MemberPath(RoomPath, frozen=True):
    """The path of a user in a room."""

    user_id: UserId


def ending(until: float | None) -> str | None:
    """Format Unix time in seconds as RFC 3339; None yields None."""
    return None if until is None else timestamp(until)
