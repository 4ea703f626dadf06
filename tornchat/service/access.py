"""Access control: visibility of rooms to a user, and the user's role and rights in a room."""

from __future__ import annotations

import re

from tornchat.cluster.sanctions import Sanctions
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Action, Position, Rights, Role, RoomInfo, RoomSummary, User
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room

ADMIN = "admin"
"""The token role that permits every action in every room."""
MODERATOR = "moderator"
"""The token role that permits moderating every visible room."""


class Access:
    """Access checks. Async methods raise `ChatError` on refusal and `Unavailable` if a plugin fails."""

    def __init__(self, hooks: Hooks, rooms: Registry, sanctions: Sanctions, name_pattern: str) -> None:
        self._hooks = hooks
        self._rooms = rooms
        self._sanctions = sanctions
        self._name_pattern = re.compile(name_pattern)

    def is_name(self, name: str) -> bool:
        """Return whether `name` is a valid room name."""
        return self._name_pattern.fullmatch(name) is not None

    async def see(self, user: User, name: str) -> RoomInfo:
        """Return the room if it is visible to the user and the user is not banned.

        Raises `ChatError` (`room_not_found`) otherwise.
        """
        return await self._unless_banned(user, await self._find(user, name, self._rooms.warm(name)))

    async def exists(self, user: User, name: str) -> RoomInfo:
        """Return the room from storage without authorization. Raises `ChatError` (`room_not_found`)."""
        info = await self._hooks.open_room(name, user, False, 0) if self.is_name(name) else None
        if info is None:
            raise ChatError("room_not_found")
        return info

    def position(self, name: str) -> int | None:
        """Return the `seq` of the last entry known on this node; None if the room is not loaded."""
        room = self._rooms.get(name)
        return room.seq if room is not None else None

    async def _find(self, user: User, name: str, loaded: Room | None = None) -> RoomInfo:
        """Return the room after authorization: `loaded` if given (its owner may be outdated), else stored."""
        if not self.is_name(name) or not await self._hooks.authorize(user, "join", name):
            raise ChatError("room_not_found")
        info = loaded.info if loaded is not None else await self._hooks.open_room(name, user, False, 0)
        if info is None:
            raise ChatError("room_not_found")
        return info

    async def rights(self, user: User, name: str) -> Rights:
        """Return the user's rights in the room. A banned user has no actions, but `banned_until`.

        Raises `ChatError` (`room_not_found`) if the room is not visible to the user.
        """
        info = await self._find(user, name)
        role = await self.role_in(info, user.id)
        sanctions = await self._sanctions.until(name, user.id)
        banned = sanctions.get("ban")
        actions = await self._actions(user, name, role) if banned is None else ()
        summary = await self._summary(info)
        return Rights(summary, role, actions, sanctions.get("mute"), banned)

    async def require(self, user: User, name: str, action: Action) -> Rights:
        """Return the user's rights if they include `action`.

        Raises `ChatError` (`forbidden`, or `room_not_found` also for a banned user).
        """
        rights = await self.rights(user, name)
        if rights.banned_until is not None:
            raise ChatError("room_not_found")
        if action not in rights.actions:
            raise ChatError("forbidden")
        return rights

    async def _actions(self, user: User, name: str, role: Role | None) -> tuple[Action, ...]:
        actions: list[Action] = ["join"]
        if await self._hooks.authorize(user, "send", name):
            actions.append("send")
        if role in ("owner", "moderator") or user.roles & {ADMIN, MODERATOR}:
            actions.append("moderate")
        if role == "owner" or ADMIN in user.roles:
            actions.append("manage")
        return tuple(actions)

    async def role_in(self, info: RoomInfo | RoomSummary, user_id: str) -> Role | None:
        """Return a user's role in the room. Without a directory plugin the only role is "owner"."""
        if not self._hooks.provides("read_members"):
            return "owner" if info.owner == user_id else None
        members = await self._hooks.read_members(info.name, [user_id])
        return next((member.role for member in members if member.user_id == user_id), None)

    async def read(self, user: User, name: str) -> RoomSummary:
        """Return the stored room if it is visible to the user. Raises `ChatError` (`room_not_found`)."""
        return await self._summary(await self._unless_banned(user, await self._find(user, name)))

    async def _unless_banned(self, user: User, info: RoomInfo) -> RoomInfo:
        if "ban" in await self._sanctions.until(info.name, user.id):
            raise ChatError("room_not_found")
        return info

    async def _summary(self, info: RoomInfo) -> RoomSummary:
        """Return the room with the `seq` of its newest entry."""
        heads = await self._hooks.latest_positions([info.name])
        head = heads.get(info.name)
        if not isinstance(head, Position):
            raise ChatError("room_not_found")  # deleted meanwhile
        return RoomSummary(info.name, head.epoch, info.private, info.owner, head.seq)


def is_admin(user: User) -> bool:
    """Return whether the user has the token role "admin"."""
    return ADMIN in user.roles
