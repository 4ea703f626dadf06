"""What goes in and out of the API, as types: they validate, and they are the document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

MOST_SEQ = 2**53 - 1
"""JSON's readers agree on whole numbers up to here."""

_CONTROLS = "\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069"

ROOM_FORMAT = "room-name"
"""In a schema: what `[rooms] name_pattern` says. A path that does not fit it is a room that is not there."""
MESSAGE_FORMAT = "chat-message"
"""In a schema: what every message over a socket has to be, too. The chat refuses it with codes of its own."""
RoomName: TypeAlias = Annotated[
    str,
    Meta(
        max_length=1024,
        description="A room's name.",
        examples=["general"],
        extra_json_schema={"format": ROOM_FORMAT},
    ),
]
UserId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=256, description="A user's id.", examples=["alice"])
]
Seq: TypeAlias = Annotated[
    int, Meta(ge=0, le=MOST_SEQ, description="A place in the room's log: 1, 2, 3 ...", examples=[1])
]
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=200, description="How many at most.")]
Timestamp: TypeAlias = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC.",
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
        description="A name that others see. No control characters.",
        examples=["alice"],
    ),
]


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a caller sends. A field that is not known is an error."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered."""


class RoomPath(Input, frozen=True):
    """Which room."""

    room: RoomName


class Person(Output, frozen=True):
    """A user as the others see them."""

    id: str
    username: str


def timestamp(seconds: float) -> str:
    """Unix seconds as the wire writes time; a fraction is left out."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class MemberPath(RoomPath, frozen=True):
    """Whom, in which room."""

    user_id: UserId


def ending(until: float | None) -> str | None:
    """Unix seconds as the wire writes time; None stays None."""
    return None if until is None else timestamp(until)
