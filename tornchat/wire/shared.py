"""Events that both dialects encode in the same way: the user list, joins and leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.model import PresenceChange
from tornchat.wire.framing import text_frame
from tornchat.wire.listed import ListedUser
from tornchat.wire.times import timestamp

Seq: TypeAlias = Annotated[int, Meta(ge=0, description="A place in the room's log.")]
Timestamp: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
        description="When the server took it, in UTC, to the second.",
    ),
]


class RoomUsersList(msgspec.Struct, tag_field="type", tag="room_users_list"):
    """The users in the room, including the receiver."""

    users: list[ListedUser]


class UserJoin(msgspec.Struct, tag_field="type", tag="user_join"):
    """A user joined the room."""

    user_id: str
    username: str


class UserLeave(msgspec.Struct, tag_field="type", tag="user_leave"):
    """A user left the room."""

    user_id: str
    username: str


encode = msgspec.json.Encoder().encode


class Shared:
    """Encoders used by both dialects."""

    def __init__(self) -> None:
        self._second = -1
        self._stamp = ""

    def users(self, participants: Iterable[bytes]) -> bytes:
        """Return the user list frame, from items encoded by `encode_participant`."""
        return text_frame(b'{"type":"room_users_list","users":[' + b",".join(participants) + b"]}")

    def presence(self, change: PresenceChange) -> bytes:
        """Return a `user_join` or `user_leave` frame."""
        form = UserJoin if change.kind == "join" else UserLeave
        return text_frame(encode(form(change.participant.id, change.participant.username)))

    def _timestamp(self, sent_at: int) -> str:
        second = sent_at // 1000
        if second != self._second:
            self._second = second
            self._stamp = timestamp(sent_at)
        return self._stamp
