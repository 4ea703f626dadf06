"""The use cases of the directory: listing, creating and deleting rooms, and managing their members.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.config.sections import LimitsSection
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import GUEST_ID_PREFIX, Membership, Rights, Role, RoomPage, RoomSummary, User
from tornchat.service import rights
from tornchat.service.access import Access, TrustedUser, VisibleRoom
from tornchat.service.audit import Audit
from tornchat.service.blocks import Blocks
from tornchat.service.enforcement import Enforcement
from tornchat.service.pace import Pace
from tornchat.service.userstream import UserStream

MOST_ROOMS = 200
"""Maximum number of rooms per page of `list_rooms`."""
MOST_LOOKED_THROUGH = 1000
"""Number of last entries of a log that are searched for one by a new owner who is not in the room."""


class Directory:
    """Reads and changes rooms and memberships on behalf of users."""

    def __init__(
        self,
        hooks: Hooks,
        access: Access,
        enforcement: Enforcement,
        audit: Audit,
        pace: Pace,
        blocks: Blocks,
        tells: UserStream,
        limits: LimitsSection,
    ) -> None:
        self._hooks = hooks
        self._access = access
        self._enforcement = enforcement
        self._audit = audit
        self._pace = pace
        self._blocks = blocks
        self._tells = tells
        self.limits = limits

    # --- rooms ---

    async def list_rooms(self, user: User, after: str | None = None, limit: int = 50) -> RoomPage:
        """Return a page of at most `MOST_ROOMS` rooms that are visible to the user, sorted by name."""
        limit, found = min(max(limit, 1), MOST_ROOMS), list[RoomSummary]()
        more = True
        while more and len(found) <= limit:
            part = await self._hooks.list_rooms(user, after, limit + 1)
            found += await self._access.seen(user, part)
            more = len(part) > limit
            after = part[-1].name if part else after
        return RoomPage(tuple(found[:limit]), found[limit - 1].name if len(found) > limit else None)

    async def create_room(self, user: User, name: str, private: bool = False) -> RoomSummary:
        """Create a room. The user owns it, unless `[rooms]` or the kind of the user says otherwise.

        Raises `room_taken`, `too_many_rooms`, `rate_limited`, `forbidden`, and `invalid_message` for a name
        that no room may have. A private room has an owner, unless an admin creates it.
        """
        if not self._access.is_name(name):
            raise ChatError("invalid_message", "A room can't have this name.")
        who, owner = rights.standings(user), self._access.owner_of_new(user, name)
        if not rights.may(who, "create private room" if private else "create room"):
            raise ChatError("forbidden")
        if private and owner is None and "admin" not in who:
            raise ChatError("forbidden", "A private room needs an owner, and you can't own this one.")
        if not await self._access.may_create(user, name):
            raise ChatError("forbidden")
        if not isinstance(user, TrustedUser):
            self._pace.create(user)
        info = await self._hooks.create_room(name, user, private, self.limits.rooms_per_user, owner)
        await self._audit.record(user, "create room", info, detail="private" if private else "")
        return RoomSummary(info.name, info.epoch, info.private, info.owner, 0)

    async def read_room(self, user: User, name: str) -> RoomSummary:
        """Return the room if it is visible to the user. Raises `ChatError` (`room_not_found`)."""
        return await self._access.read(user, name)

    async def delete_room(self, user: User, name: str) -> None:
        """Delete the room and close its sessions on all nodes with 4000. For its owner and admins."""
        place = await self._access.require(user, name, "delete room")
        if not await self._hooks.delete_room(name, place.room.epoch):
            raise ChatError("room_not_found")
        await self._enforcement.order("room", name)
        await self._audit.record(user, "delete room", place.room)

    async def rights(self, user: User, name: str) -> Rights:
        """Return the user's role and actions in the room, and until when the user is muted or banned.

        Raises `ChatError` (`room_not_found`) if the room is not visible to the user.
        """
        return await self._access.rights(user, name)

    # --- members ---

    async def read_members(self, user: User, name: str) -> Sequence[Membership]:
        """Return the owner and the members of a room that is visible to the user."""
        info = await self._access.see(user, name)
        members = await self._hooks.read_members(name, None)
        await self._access.look_again(user, info)
        return members

    async def set_member(self, user: User, name: str, user_id: str, role: Role) -> None:
        """Set the role of `user_id` in the room, adding the user if necessary. "owner" transfers the room.

        For the owner and admins. Raises `forbidden`, also for changing the owner's own role, and for an owner
        who was never in the room or can own none, and for somebody new who blocks `user`; `too_many_rooms` if
        the new owner owns as many as may be; `too_many_members` for somebody who is not a member yet if the
        room is full.
        """
        if role == "owner":
            place = await self._access.require(user, name, "hand over")
            if not isinstance(user, TrustedUser):
                await self._refuse_owner(place, user_id)
        else:
            place = await self._access.require(user, name, "set member")
        now = await self._access.role_in(place.room, user_id)
        if place.room.direct:
            await self._refuse_direct(name, role, now)
        if now == "owner" and role != "owner":
            raise ChatError("forbidden", "Make somebody else the owner first.")
        if now is None:
            await self._refuse_blocked(user, user_id)
        limits = self.limits.rooms_per_user, self.limits.members_per_room
        if not await self._hooks.set_member(name, user_id, role, *limits):
            raise ChatError("room_not_found")
        if now is None:
            self._tells.invited(name, [user_id])
        await self._audit.record(user, "set member", place.room, user_id, role)

    async def _refuse_direct(self, name: str, role: Role, now: Role | None) -> None:
        """Raise `forbidden` for a role that nobody has in a direct room, and for a third user of two."""
        if role != "member":
            raise ChatError("forbidden", "In a direct room everybody is a member.")
        if now is None and len(await self._hooks.read_members(name, None)) <= 2:
            raise ChatError("forbidden", "Nobody is added to a direct room of two. Open another one.")

    async def _refuse_blocked(self, user: User, user_id: str) -> None:
        """Raise `forbidden` if the user with this id blocks `user`, and thus wants nothing of them."""
        if not isinstance(user, TrustedUser) and await self._blocks.blockers(user.id, [user_id]):
            raise ChatError("forbidden", "They can't be invited by you.")

    async def _refuse_owner(self, place: VisibleRoom, user_id: str) -> None:
        """Raise `forbidden` if the user may not become the owner of the room."""
        name = place.room.name
        if place.room.owner == user_id:
            return
        if not self._access.may_be_owned(name):
            raise ChatError("forbidden", "Nobody becomes the owner of the default room.")
        if user_id.startswith(GUEST_ID_PREFIX):
            raise ChatError("forbidden", "A guest can't own a room.")
        if not await self._was_there(name, user_id):
            raise ChatError("forbidden", "They have not been in this room.")

    async def _was_there(self, name: str, user_id: str) -> bool:
        """Return whether the user is in the room, or has sent one of its last entries."""
        roster = await self._hooks.read_presence(name)
        if any(participant.id == user_id for participant in roster.users):
            return True
        page = await self._hooks.read_history(name, None, None, MOST_LOOKED_THROUGH)
        return page is not None and any(entry.sender_id == user_id for entry in page.entries)

    async def remove_member(self, user: User, name: str, user_id: str) -> None:
        """Remove `user_id` from the room. If it is private, the user's sessions in it are closed with 4003.

        Users may remove themselves; otherwise the action "manage" is required. Raises `ChatError`:
        `not_found` if `user_id` is not a member, `forbidden` if it is the owner.
        """
        if user_id == user.id:
            place = await self._access.require(user, name, "see")
        else:
            place = await self._access.require(user, name, "remove member")
        room, role = place.room, await self._access.role_in(place.room, user_id)
        if role == "owner":
            raise ChatError("forbidden", "The owner can't leave. Make somebody else the owner first.")
        if user_id == user.id and role is not None and not rights.may({role}, "leave"):
            raise ChatError("forbidden")
        if room.direct and role is not None and len(await self._hooks.read_members(name, None)) <= 2:
            raise ChatError("forbidden", "Nobody leaves a direct room of two. Block the other user instead.")
        if not await self._hooks.remove_member(name, user_id):
            raise ChatError("not_found", "They are no member of this room.")
        self._tells.removed(name, [user_id])
        if room.private:
            await self._enforcement.order("kick", name, user_id)
        await self._audit.record(user, "remove member", room, user_id)
