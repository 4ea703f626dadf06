"""Who may do what in a room: whether it is there for a user, and what they are in it."""

from __future__ import annotations

import re

from tornchat.cluster.sanctions import Sanctions
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Action, Position, Rights, Role, RoomInfo, RoomSummary, User
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room

ADMIN = "admin"
"""The role of a token that may do everything everywhere."""
MODERATOR = "moderator"
"""The role of a token that may moderate every room it can see."""


class Access:
    """Every method raises `ChatError` for a no, and `Unavailable` when that can't be told now."""

    def __init__(self, hooks: Hooks, rooms: Registry, sanctions: Sanctions, name_pattern: str) -> None:
        self._hooks = hooks
        self._rooms = rooms
        self._sanctions = sanctions
        self._name_pattern = re.compile(name_pattern)

    def is_name(self, name: str) -> bool:
        """Say whether a room may be called that."""
        return self._name_pattern.fullmatch(name) is not None

    async def see(self, user: User, name: str) -> RoomInfo:
        """Give the room if it is there for this user, who is not banned. Raises `room_not_found`."""
        return await self._unless_banned(user, await self._find(user, name, self._rooms.warm(name)))

    async def exists(self, user: User, name: str) -> RoomInfo:
        """Give the room as storage has it for this user; plugins are not asked. Raises `room_not_found`."""
        info = await self._hooks.open_room(name, user, False, 0) if self.is_name(name) else None
        if info is None:
            raise ChatError("room_not_found")
        return info

    def position(self, name: str) -> int | None:
        """Give how far this node knows the room's log; None if the room is not loaded."""
        room = self._rooms.get(name)
        return room.seq if room is not None else None

    async def _find(self, user: User, name: str, loaded: Room | None = None) -> RoomInfo:
        """Ask storage unless the room is loaded, which tells all but who owns it now."""
        if not self.is_name(name) or not await self._hooks.authorize(user, "join", name):
            raise ChatError("room_not_found")
        info = loaded.info if loaded is not None else await self._hooks.open_room(name, user, False, 0)
        if info is None:
            raise ChatError("room_not_found")
        return info

    async def rights(self, user: User, name: str) -> Rights:
        """Give what the user may do here. Who is banned may do nothing, and is told until when."""
        info = await self._find(user, name)
        role = await self.role_in(info, user.id)
        sanctions = await self._sanctions.until(name, user.id)
        banned = sanctions.get("ban")
        actions = await self._actions(user, name, role) if banned is None else ()
        summary = await self._summary(info)
        return Rights(summary, role, actions, sanctions.get("mute"), banned)

    async def require(self, user: User, name: str, action: Action) -> Rights:
        """Give the user's rights if `action` is among them. Raises `forbidden`, `room_not_found`."""
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
        """What a user is in this room; without a directory there are owners only."""
        if not self._hooks.provides("read_members"):
            return "owner" if info.owner == user_id else None
        members = await self._hooks.read_members(info.name, [user_id])
        return next((member.role for member in members if member.user_id == user_id), None)

    async def read(self, user: User, name: str) -> RoomSummary:
        """Give the room as it is stored, if it is there for this user. Raises `room_not_found`."""
        return await self._summary(await self._unless_banned(user, await self._find(user, name)))

    async def _unless_banned(self, user: User, info: RoomInfo) -> RoomInfo:
        if "ban" in await self._sanctions.until(info.name, user.id):
            raise ChatError("room_not_found")
        return info

    async def _summary(self, info: RoomInfo) -> RoomSummary:
        """Give the room with the head of its log."""
        heads = await self._hooks.latest_positions([info.name])
        head = heads.get(info.name)
        if not isinstance(head, Position):
            raise ChatError("room_not_found")  # deleted meanwhile
        return RoomSummary(info.name, head.epoch, info.private, info.owner, head.seq)


def is_admin(user: User) -> bool:
    """Say whether the user may do everything everywhere."""
    return ADMIN in user.roles
