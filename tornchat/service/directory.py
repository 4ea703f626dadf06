"""The use cases of the directory: listing, creating and deleting rooms, and managing their members.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Membership, Rights, Role, RoomPage, RoomSummary, User
from tornchat.service.access import Access
from tornchat.service.enforcement import Enforcement

MOST_ROOMS = 200
"""Maximum number of rooms per page of `list_rooms`."""


class Directory:
    """Reads and changes rooms and memberships on behalf of users."""

    def __init__(self, hooks: Hooks, access: Access, enforcement: Enforcement, rooms_per_user: int) -> None:
        self._hooks = hooks
        self._access = access
        self._enforcement = enforcement
        self._rooms_per_user = rooms_per_user

    # --- rooms ---

    async def list_rooms(self, user: User, after: str | None = None, limit: int = 50) -> RoomPage:
        """Return a page of at most `MOST_ROOMS` rooms that are visible to the user, sorted by name."""
        limit = min(max(limit, 1), MOST_ROOMS)
        found = await self._hooks.list_rooms(user, after, limit + 1)
        return RoomPage(tuple(found[:limit]), found[limit - 1].name if len(found) > limit else None)

    async def create_room(self, user: User, name: str, private: bool = False) -> RoomSummary:
        """Create a room owned by the user.

        Raises `ChatError`: `room_taken`, `too_many_rooms`, `forbidden`, or `invalid_message` if the name is
        not valid.
        """
        if not self._access.is_name(name):
            raise ChatError("invalid_message", "A room can't have this name.")
        if not await self._hooks.authorize(user, "join", name):
            raise ChatError("forbidden")
        info = await self._hooks.create_room(name, user, private, self._rooms_per_user)
        return RoomSummary(info.name, info.epoch, info.private, info.owner, 0)

    async def read_room(self, user: User, name: str) -> RoomSummary:
        """Return the room if it is visible to the user. Raises `ChatError` (`room_not_found`)."""
        return await self._access.read(user, name)

    async def delete_room(self, user: User, name: str) -> None:
        """Delete the room and close its sessions on all nodes with 4000. Requires the action "manage"."""
        rights = await self._access.require(user, name, "manage")
        if not await self._hooks.delete_room(name, rights.room.epoch):
            raise ChatError("room_not_found")
        await self._enforcement.order("room", name)

    async def rights(self, user: User, name: str) -> Rights:
        """Return the user's role and actions in the room, and until when the user is muted or banned.

        Raises `ChatError` (`room_not_found`) if the room is not visible to the user.
        """
        return await self._access.rights(user, name)

    # --- members ---

    async def read_members(self, user: User, name: str) -> Sequence[Membership]:
        """Return the owner and the members of a room that is visible to the user."""
        await self._access.see(user, name)
        return await self._hooks.read_members(name)

    async def set_member(self, user: User, name: str, user_id: str, role: Role) -> None:
        """Set the role of `user_id` in the room, adding the user if necessary. "owner" transfers the room.

        Requires the action "manage". Raises `ChatError` (`forbidden`), also if it would change the role of
        the owner.
        """
        rights = await self._access.require(user, name, "manage")
        if role != "owner" and await self._access.role_in(rights.room, user_id) == "owner":
            raise ChatError("forbidden", "Make somebody else the owner first.")
        if not await self._hooks.set_member(name, user_id, role):
            raise ChatError("room_not_found")

    async def remove_member(self, user: User, name: str, user_id: str) -> None:
        """Remove `user_id` from the room. If it is private, the user's sessions in it are closed with 4003.

        Users may remove themselves; otherwise the action "manage" is required. Raises `ChatError`:
        `not_found` if `user_id` is not a member, `forbidden` if it is the owner.
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
