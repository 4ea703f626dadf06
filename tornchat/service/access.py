"""Access control: visibility of rooms to a user, and the user's role and rights in a room."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from tornchat.cluster.sanctions import Client, Sanctions
from tornchat.config.sections import RoomsSection
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import (
    ADMIN,
    ERASED,
    Action,
    Position,
    Rights,
    Role,
    RoomInfo,
    RoomSummary,
    Standing,
    User,
)
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room
from tornchat.service import rights
from tornchat.service.rights import Act

UNSAFE_NAMES = ("", ".", "..")
"""Names that no room may have, because they are not kept in a URL."""


class TrustedUser(User, frozen=True):
    """A user on whose behalf code in the process acts: nobody is asked whether the user may."""

    own_roles: frozenset[str] = frozenset()
    """The roles of the user, without the admin's."""


def trusted_user(user: User) -> TrustedUser:
    """Return the user as one who may do everything."""
    fields = {"own_roles": user.roles, **msgspec.structs.asdict(user)}
    return TrustedUser(**{**fields, "roles": user.roles | {ADMIN}})


def as_given(user: User) -> User:
    """Return the user without what trust adds: filters are shown whose message it is, not who trusts it."""
    if not isinstance(user, TrustedUser):
        return user
    return User(user.id, user.username, user.own_roles, user.expires_at, user.issued_at)


class VisibleRoom(NamedTuple):
    """A room that is visible to a user, and what the user is in it."""

    room: RoomSummary
    role: Role | None
    standings: frozenset[Standing]


class Access:
    """Access checks. Async methods raise `ChatError` on refusal and `Unavailable` if a plugin fails."""

    def __init__(self, hooks: Hooks, rooms: Registry, sanctions: Sanctions, settings: RoomsSection) -> None:
        self._hooks = hooks
        self._rooms = rooms
        self._sanctions = sanctions
        self._name_pattern = re.compile(settings.name_pattern)
        self._default = settings.default
        self._creator_owns = settings.creator_owns

    def is_name(self, name: str) -> bool:
        """Return whether `name` is a valid room name."""
        return name not in UNSAFE_NAMES and self._name_pattern.fullmatch(name) is not None

    async def see(self, user: User, name: str) -> RoomInfo:
        """Return the room if it is visible to the user and the user is not banned.

        Raises `ChatError` (`room_not_found`) otherwise.
        """
        return await self._unless_banned(user, await self._find(user, name, self._rooms.warm(name)))

    async def look_again(self, user: User, room: RoomInfo) -> None:
        """Check after a read, which may have taken long, that a room is visible to the user as it was before.

        Nobody is asked about a room that is loaded, and public still. Raises `ChatError` (`room_not_found`).
        """
        now = self._rooms.get(room.name)
        unchanged = now is not None and not now.info.private and now.info.epoch == room.epoch
        if not unchanged and (await self.see(user, room.name)).epoch != room.epoch:
            raise ChatError("room_not_found")

    async def exists(self, user: User, name: str) -> RoomInfo:
        """Return the room from storage without authorization. Raises `ChatError` (`room_not_found`)."""
        info = await self._hooks.open_room(name, user, False, 0, None) if self.is_name(name) else None
        if info is None:
            raise ChatError("room_not_found")
        return info

    def owner_of_new(self, user: User, name: str) -> str | None:
        """Return the id of the owner of a room that the user creates; None if it has no owner."""
        if name == self._default or not self._creator_owns or not rights.may(rights.standings(user), "own"):
            return None
        return user.id

    def may_be_owned(self, name: str) -> bool:
        """Return whether the room may get a new owner. The default room may not."""
        return name != self._default

    async def may_create(self, user: User, name: str) -> bool:
        """Return whether the plugins let the user create the room, which includes joining it."""
        return await self.authorized(user, "join", name) and await self.authorized(user, "create", name)

    async def authorized(self, user: User, action: str, name: str) -> bool:
        """Return whether the plugins let the user do this. They are not asked about a trusted user."""
        return isinstance(user, TrustedUser) or await self._hooks.authorize(user, action, name)

    async def seen(self, user: User, rooms: Sequence[RoomSummary]) -> list[RoomSummary]:
        """Return those of the rooms that the plugins let the user join and that do not ban the user."""
        if isinstance(user, TrustedUser):
            return list(rooms)
        found = await self.open_to(user, [room.name for room in rooms])
        return [room for room in rooms if room.name in found]

    async def open_to(self, user: User, names: Sequence[str]) -> set[str]:
        """Return the names of the rooms that the plugins let the user join and that do not ban the user."""
        joined = await self._hooks.authorize_rooms(user, names)
        banned = await self._sanctions.banning(user, names)
        return {name for name in names if name in joined and name not in banned}

    async def watchable(self, user: User, names: Sequence[str]) -> dict[str, bool]:
        """Return those of the rooms that the user may see, each with whether everybody may.

        Rights are read for all rooms at once. Raises `Unavailable`.
        """
        named = list(dict.fromkeys(name for name in names if self.is_name(name)))
        allowed = await self._hooks.authorize_rooms(user, named)
        banned = await self._sanctions.banning(user, named)
        asked = {name: (user.id, ERASED.id) for name in named if name in allowed and name not in banned}
        admitted = await self._hooks.read_admitted(asked) if asked else {}  # last: memberships end
        return {
            name: ERASED.id in admitted.get(name, ())
            for name in asked
            if ADMIN in user.roles or user.id in admitted.get(name, ())
        }

    async def hidden(
        self, people: Mapping[str, Collection[Client]], private: Sequence[str]
    ) -> tuple[dict[str, set[str]], set[str]]:
        """Return the ids of those users of the connections in `people`, by room, who may not see it any more.

        `private` are the rooms that perhaps not everybody may see; those of them that everybody may see are
        returned, too. Raises `Unavailable`.
        """
        found: dict[str, set[str]] = {}
        for room, user_id in await self._sanctions.banned_in(people):
            found.setdefault(room, set()).add(user_id)
        asked = {
            name: list({one.user.id for one in people[name] if ADMIN not in one.user.roles} | {ERASED.id})
            for name in private
        }
        admitted = await self._hooks.read_admitted(asked) if asked else {}
        for name, ids in asked.items():
            found.setdefault(name, set()).update(set(ids) - set(admitted.get(name, ())))
        return found, {name for name in asked if ERASED.id in admitted.get(name, ())}

    async def admitted(self, people: Mapping[str, Collection[Client]]) -> dict[str, set[str]]:
        """Return the ids of those users of the connections in `people`, by room, who may join it now.

        Raises `Unavailable`.
        """
        named = {name: found for name, found in people.items() if self.is_name(name)}
        rooms: dict[User, list[str]] = {}
        for name, found in named.items():
            for one in found:
                rooms.setdefault(one.user, []).append(name)
        admitted: dict[str, set[str]] = {name: set() for name in people}
        for user, names in rooms.items():
            for name in await self._hooks.authorize_rooms(user, names):
                admitted[name].add(user.id)
        hidden, _ = await self.hidden(named, list(named))  # last: the members may have changed meanwhile
        return {name: ids - hidden.get(name, set()) for name, ids in admitted.items()}

    def position(self, name: str) -> int | None:
        """Return the `seq` of the last entry known on this node; None if the room is not loaded."""
        room = self._rooms.get(name)
        return room.seq if room is not None else None

    async def _find(self, user: User, name: str, loaded: Room | None = None) -> RoomInfo:
        """Return the room after authorization: `loaded` if given (its owner may be outdated), else stored."""
        if not self.is_name(name) or not await self.authorized(user, "join", name):
            raise ChatError("room_not_found")
        info = loaded.info if loaded is not None else await self._hooks.open_room(name, user, False, 0, None)
        if info is None:
            raise ChatError("room_not_found")
        return info

    async def rights(self, user: User, name: str) -> Rights:
        """Return the user's rights in the room. A banned user has no actions, but `banned_until`.

        Raises `ChatError` (`room_not_found`) if the room is not visible to the user.
        """
        info = await self._find(user, name)
        role = await self.role_in(info, user.id)
        sanctions = await self._sanctions.until(name, user)
        banned = sanctions.get("ban")
        actions = await self._actions(user, name, role) if banned is None else ()
        summary = await self._summary(info)
        return Rights(summary, role, actions, sanctions.get("mute"), banned)

    async def require(self, user: User, name: str, act: Act) -> VisibleRoom:
        """Return what a user who may do `act` is in the room. Raises `forbidden`, `room_not_found`."""
        info = await self._unless_banned(user, await self._find(user, name))
        role = await self.role_in(info, user.id)
        who = rights.standings(user, role)
        if not rights.may(who, act):
            raise ChatError("forbidden")
        return VisibleRoom(await self._summary(info), role, who)

    async def _actions(self, user: User, name: str, role: Role | None) -> tuple[Action, ...]:
        join, *more = rights.actions(rights.standings(user, role))
        send: list[Action] = ["send"] if await self._hooks.authorize(user, "send", name) else []
        return (join, *send, *more)

    async def role_in(self, info: RoomInfo | RoomSummary, user_id: str) -> Role | None:
        """Return a user's role in the room. Without a directory plugin the only role is "owner"."""
        if not self._hooks.provides("read_members"):
            return "owner" if info.owner == user_id else None
        members = await self._hooks.read_members(info.name, [user_id])
        return next((member.role for member in members if member.user_id == user_id), None)

    async def read(self, user: User, name: str) -> RoomSummary:
        """Return the stored room if it is visible to the user. Raises `ChatError` (`room_not_found`)."""
        return await self._summary(await self._unless_banned(user, await self._find(user, name)))

    async def bans(self, user: User, name: str) -> bool:
        """Return whether the user is banned from the room. A trusted user never is."""
        return not isinstance(user, TrustedUser) and "ban" in await self._sanctions.until(name, user)

    async def _unless_banned(self, user: User, info: RoomInfo) -> RoomInfo:
        if await self.bans(user, info.name):
            raise ChatError("room_not_found")
        return info

    async def _summary(self, info: RoomInfo) -> RoomSummary:
        """Return the room with the `seq` of its newest entry."""
        heads = await self._hooks.latest_positions([info.name])
        head = heads.get(info.name)
        if not isinstance(head, Position):
            raise ChatError("room_not_found")  # deleted meanwhile
        more = (info.slow_seconds, info.title, info.topic, info.direct)
        return RoomSummary(info.name, head.epoch, info.private, info.owner, head.seq, *more)


def require_on_site(user: User, act: Act) -> None:
    """Raise `ChatError` (`forbidden`) if the user may not do `act`, which concerns no single room."""
    if not rights.may(rights.standings(user), act):
        raise ChatError("forbidden")
