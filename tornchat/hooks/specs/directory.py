"""Which rooms there are, and who is who in them. A chat may do without it, on what is created by entering."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Membership, Role, RoomInfo, RoomSummary, User


@hookspec("one", role="directory", deadline=4.0)
def list_rooms(
    user: User, after: str | None, limit: int
) -> Awaitable[Sequence[RoomSummary]] | Sequence[RoomSummary]:
    """List at most `limit` rooms that are there for `user`, by name, beginning after the name `after`.

    Names are compared by code points. There for a user are public rooms, and private ones of which they
    are the owner or a member; for one with the role "admin" all are. `open_room` agrees.
    """


@hookspec("one", role="directory", deadline=4.0)
def create_room(name: str, user: User, private: bool, owned_limit: int) -> Awaitable[RoomInfo] | RoomInfo:
    """Create a room that is not there yet, owned by `user`, with a new `epoch` and an empty log.

    Raises `Rejected` with the code `room_taken` if there is one of this name, whoever it is for, and with
    `too_many_rooms` if `user` owns `owned_limit` rooms already (0: no limit).
    """


@hookspec("one", role="directory", deadline=10.0)
def delete_room(room: str, epoch: str) -> Awaitable[bool] | bool:
    """Take the room away, with its log, members and sanctions, if it is at `epoch`; True if it was.

    From then on it is not there for anybody, and what is stored for it is refused as `room_gone`. A room
    that is created later under its name is another one.
    """


@hookspec("one", role="directory", deadline=4.0)
def read_members(
    room: str, users: Sequence[str] | None
) -> Awaitable[Sequence[Membership]] | Sequence[Membership]:
    """Give the room's owner and members by user id; with `users`, only those who are among them.

    A room that is not there has none.
    """


@hookspec("one", role="directory", deadline=4.0)
def set_member(room: str, user_id: str, role: Role) -> Awaitable[bool] | bool:
    """Make the user a member in this role, or change it; False if there is no such room.

    "owner" hands the room over: who owned it becomes a moderator. The owner stays the owner until then.
    """


@hookspec("one", role="directory", deadline=4.0)
def remove_member(room: str, user_id: str) -> Awaitable[bool] | bool:
    """End the user's membership; False if there was none, or they are the owner, who stays."""
