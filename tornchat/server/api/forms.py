"""What goes in and out of the API, as types: they validate, and they are the document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.messages import Entry

MOST_SEQ = 2**53 - 1
"""JSON's readers agree on whole numbers up to here."""

_CONTROLS = "\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff"

RoomName: TypeAlias = Annotated[
    str, Meta(max_length=1024, description="A room's name.", examples=["general"])
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


class Member(Output, frozen=True):
    """A user as the others see them."""

    id: str
    username: str


def timestamp(seconds: float) -> str:
    """Unix seconds as the wire writes time; a fraction is left out."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Message(Output, frozen=True):
    """A message in a room's log. One that was deleted keeps its place, without its text."""

    seq: Seq
    message: str
    sender_id: str
    sender_username: str
    timestamp: Timestamp
    deleted: bool

    @classmethod
    def of(cls, entry: Entry) -> Message:
        """An entry of the kind `message`, as the API shows it."""
        return cls(
            seq=entry.seq,
            message=entry.text,
            sender_id=entry.sender_id,
            sender_username=entry.sender_username,
            timestamp=timestamp(entry.sent_at / 1000),
            deleted=not entry.text,
        )
