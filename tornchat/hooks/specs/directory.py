"""Hooks for the room directory and room membership. Optional: without them, rooms are created on entry."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.errors import ChatError
from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Membership, Role, RoomInfo, RoomSummary, User


@one(role="directory", deadline=4.0, absent="not_provided")
def list_rooms(
    user: User, after: str | None, limit: int
) -> Awaitable[Sequence[RoomSummary]] | Sequence[RoomSummary]:
    """Return at most `limit` rooms that are visible to `user`, sorted by name, starting after `after`.

    Names are compared by code points. Public rooms are visible to every user, private rooms to their owner
    and members, and all rooms to a user with the role "admin". `open_room` applies the same rule.
    """


@one(role="directory", deadline=4.0, raises=(ChatError,), absent="not_provided")
def create_room(
    name: str, user: User, private: bool, owned_limit: int, owner: str | None
) -> Awaitable[RoomInfo] | RoomInfo:
    """Create a room that does not exist yet, with a new `epoch` and an empty log, for `user`.

    It is owned by the user with the id `owner`, or by nobody if that is None. Raises `Rejected` with the code
    `room_taken` if a room of this name exists, visible to `user` or not, and with `too_many_rooms` if the
    owner already owns `owned_limit` rooms (0: no limit).
    """


@one(role="directory", deadline=10.0, absent="not_provided")
def delete_room(room: str, epoch: str) -> Awaitable[bool] | bool:
    """Delete the room, its log, members and sanctions, if its epoch is `epoch`; return True if it was.

    Afterwards the room exists for no user, and drafts for it are refused as `room_gone`. A room that is
    created later under the same name is a different room.
    """


@one(role="directory", deadline=4.0, absent="not_provided")
def read_members(
    room: str, users: Sequence[str] | None
) -> Awaitable[Sequence[Membership]] | Sequence[Membership]:
    """Return the room's owner and members, sorted by user id; with `users`, only those listed there.

    The result is empty for a room that does not exist.
    """


@one(role="directory", deadline=4.0, absent="not_provided")
def read_admitted(
    rooms: Mapping[str, Sequence[str]],
) -> Awaitable[Mapping[str, Sequence[str]]] | Mapping[str, Sequence[str]]:
    """Return, of the user ids listed for each room, those for whom the room is there: `open_room`'s rule.

    A room that does not exist has none. Each node calls this hook every few seconds for the users in its
    private rooms, and closes the sessions of those who are missing in the answer. Optional: without it
    `read_members` is called for each of these rooms.
    """


@one(role="directory", deadline=4.0, raises=(ChatError,), absent="not_provided")
def set_member(
    room: str, user_id: str, role: Role, owned_limit: int, members_limit: int
) -> Awaitable[bool] | bool:
    """Add the user as a member with this role, or change their role; return False if there is no such room.

    The role "owner" transfers the room: the previous owner becomes a moderator. The owner's role is not
    changed in any other way. Raises `Rejected` with the code `too_many_rooms` if the new owner already owns
    `owned_limit` rooms, and `too_many_members` if the user is no member yet and the room has `members_limit`,
    with the owner (0: no limit). Both are compared in the transaction that stores, since other nodes store,
    too.
    """


@one(role="directory", deadline=4.0, absent="not_provided")
def remove_member(room: str, user_id: str) -> Awaitable[bool] | bool:
    """End the user's membership; return False if the user is no member, or is the owner (not removed)."""
