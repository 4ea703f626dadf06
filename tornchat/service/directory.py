"""The use cases of the directory: which rooms there are, and who is who in them.

Each raises `ChatError` for a no, and `Unavailable` when that can't be told now.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Membership, Rights, Role, RoomPage, RoomSummary, User
from tornchat.service.access import Access
from tornchat.service.enforcement import Enforcement

MOST_ROOMS = 200
"""Rooms on one page of the list."""


class Directory:
    """Rooms and their members, as users may see and change them."""

    def __init__(self, hooks: Hooks, access: Access, enforcement: Enforcement, rooms_per_user: int) -> None:
        self._hooks = hooks
        self._access = access
        self._enforcement = enforcement
        self._rooms_per_user = rooms_per_user

    # --- rooms ---

    async def list_rooms(self, user: User, after: str | None = None, limit: int = 50) -> RoomPage:
        """Give a page of the rooms that are there for the user, by name; at most `MOST_ROOMS`."""
        limit = min(max(limit, 1), MOST_ROOMS)
        found = await self._hooks.list_rooms(user, after, limit + 1)
        return RoomPage(tuple(found[:limit]), found[limit - 1].name if len(found) > limit else None)

    async def create_room(self, user: User, name: str, private: bool = False) -> RoomSummary:
        """Create a room that the user owns.

        Raises `room_taken`, `too_many_rooms`, and `invalid_message` for a name that no room may have.
        """
        if not self._access.is_name(name):
            raise ChatError("invalid_message", "A room can't have this name.")
        if not await self._hooks.authorize(user, "join", name):
            raise ChatError("forbidden")
        info = await self._hooks.create_room(name, user, private, self._rooms_per_user)
        return RoomSummary(info.name, info.epoch, info.private, info.owner, 0)

    async def read_room(self, user: User, name: str) -> RoomSummary:
        """Give the room if it is there for the user. Raises `room_not_found`."""
        return await self._access.read(user, name)

    async def delete_room(self, user: User, name: str) -> None:
        """Take the room away; its members on all nodes are closed with 4000. For its owner and admins."""
        rights = await self._access.require(user, name, "manage")
        if not await self._hooks.delete_room(name, rights.room.epoch):
            raise ChatError("room_not_found")
        await self._enforcement.order("room", name)

    async def rights(self, user: User, name: str) -> Rights:
        """Give what the user may do in the room, and since when not. Raises `room_not_found`."""
        return await self._access.rights(user, name)

    # --- members ---

    async def read_members(self, user: User, name: str) -> Sequence[Membership]:
        """Give the owner and the members of a room that is there for the user."""
        await self._access.see(user, name)
        return await self._hooks.read_members(name)

    async def set_member(self, user: User, name: str, user_id: str, role: Role) -> None:
        """Make somebody a member, or change what they are; "owner" hands the room over.

        For the owner and admins. Raises `forbidden`, also for changing the owner's own role.
        """
        rights = await self._access.require(user, name, "manage")
        if role != "owner" and await self._access.role_in(rights.room, user_id) == "owner":
            raise ChatError("forbidden", "Make somebody else the owner first.")
        if not await self._hooks.set_member(name, user_id, role):
            raise ChatError("room_not_found")

    async def remove_member(self, user: User, name: str, user_id: str) -> None:
        """End a membership; who leaves a private room so is closed with 4003.

        For the owner, admins and oneself. Raises `not_found` for who is no member, `forbidden` for the owner.
        """
        room = await self._access.see(user, name)
        if user_id != user.id:
            await self._access.require(user, name, "manage")
        if await self._access.role_in(room, user_id) == "owner":
            raise ChatError("forbidden", "The owner can't leave. Make somebody else the owner first.")
        if not await self._hooks.remove_member(name, user_id):
            raise ChatError("not_found", "They are no member of this room.")
        if room.private:
            await self._enforcement.order("kick", name, user_id)
