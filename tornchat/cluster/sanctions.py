"""Cache of the sanctions of the rooms in use on this node, and of the whole site.

Storage holds the sanctions. The cache holds the values last read, so that a message costs one dict lookup.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from tornchat.hooks.calls import Hooks
from tornchat.model import ADMIN, MODERATOR, SITE, Sanction, SanctionKind, User


class Client(Protocol):
    """A connection of a user."""

    @property
    def user(self) -> User:
        """Who it is by the present token."""


class Sanctions:
    """The sanctions of rooms and users. Without a moderation plugin there are none."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._provided = hooks.provides("read_sanctions")
        self._rooms: dict[str, dict[str, list[Sanction]]] = {}
        """Room -> user id -> the user's sanctions there; `SITE` stands for the whole site."""
        self._reading = asyncio.Lock()
        self.mutes: dict[tuple[str, str], Sanction] = {}
        """(room, user id) -> the mute."""

    def known(self) -> list[str]:
        """Return the rooms whose sanctions are cached; `SITE` may be among them."""
        return list(self._rooms)

    def knows(self, room: str) -> bool:
        """Return whether the room's sanctions are cached."""
        return not self._provided or room in self._rooms

    async def know(self, room: str) -> None:
        """Read and cache the room's sanctions, unless they are cached. Raises `Unavailable`."""
        if room not in self._rooms:
            await self.read([room])

    async def read(self, rooms: Sequence[str]) -> list[Sanction]:
        """Read these rooms' sanctions again and return the new ones that end sessions. Raises `Unavailable`.

        A ban is new if the user was not banned before, each other kind if it was set since the last reading.
        """
        if not self._provided or not rooms:
            return []
        async with self._reading:  # an older answer must not overwrite a newer one
            found = await self._hooks.read_sanctions(rooms)
            by_room: dict[str, list[Sanction]] = {room: [] for room in rooms}
            for sanction in found:
                if sanction.room in by_room:
                    by_room[sanction.room].append(sanction)
            return [new for room, theirs in by_room.items() for new in self._keep(room, theirs)]

    def _keep(self, room: str, found: Sequence[Sanction]) -> list[Sanction]:
        now = time.time()  # a user whose ban has just expired may have returned
        before = self._rooms.get(room, {})
        known = {_identity(s) for theirs in before.values() for s in theirs if s.until > now}
        self._unmute(room)
        by_user = self._rooms[room] = dict[str, list[Sanction]]()
        for sanction in found:
            by_user.setdefault(sanction.user_id, []).append(sanction)
            if sanction.kind == "mute":
                self.mutes[room, sanction.user_id] = sanction
        return [s for s in found if s.kind != "mute" and _identity(s) not in known]

    def _unmute(self, room: str) -> None:
        for user_id in self._rooms.get(room, ()):
            self.mutes.pop((room, user_id), None)

    def forget(self, rooms: Iterable[str]) -> None:
        """Remove these rooms from the cache. They must be empty."""
        for room in rooms:
            self._unmute(room)
            self._rooms.pop(room, None)

    async def until(self, room: str, user: User) -> dict[SanctionKind, float]:
        """Return what binds the user in any room: kind -> end (Unix seconds). Raises `Unavailable`."""
        if not self._provided:
            return {}
        if room in self._rooms:
            found: Sequence[Sanction] = self._rooms[room].get(user.id, ())
        else:
            found = await self._hooks.read_sanctions([room])
        now = time.time()
        return {s.kind: s.until for s in found if s.user_id == user.id and s.until > now and binds(s, user)}

    def bans(self, room: str, user: User) -> bool:
        """Return whether the user is banned from a room whose sanctions are cached."""
        now = time.time()
        found = self._of(room, user)
        return bool(found) and any(s.kind == "ban" and s.until > now and binds(s, user) for s in found)

    def _of(self, room: str, user: User) -> Sequence[Sanction]:
        """Return the user's sanctions in a cached room."""
        theirs = self._rooms.get(room)
        return () if theirs is None else theirs.get(user.id, ())

    async def banning(self, user: User, rooms: Sequence[str]) -> set[str]:
        """Return those of the rooms from which storage says the user is banned. Raises `Unavailable`."""
        if not self._provided or not rooms:
            return set()
        now = time.time()
        return {
            s.room
            for s in await self._hooks.read_sanctions(rooms)
            if s.kind == "ban" and s.user_id == user.id and s.until > now and binds(s, user)
        }

    async def banned_in(self, people: Mapping[str, Collection[Client]]) -> list[tuple[str, str]]:
        """Return who of these `people` is banned, by storage: pairs of a room and a user id.

        Raises `Unavailable`.
        """
        if not self._provided or not people:
            return []
        now = time.time()
        bans = [
            s for s in await self._hooks.read_sanctions(list(people)) if s.kind == "ban" and s.until > now
        ]
        return [
            (ban.room, ban.user_id)
            for ban in bans
            for client in people.get(ban.room, ())
            if client.user.id == ban.user_id and binds(ban, client.user)
        ]

    def muted_for(self, room: str, user: User) -> float:
        """Return the remaining seconds of the user's mute in a cached room; 0 if the user is not muted."""
        mute = self.mutes.get((room, user.id))
        return max(0.0, mute.until - time.time()) if mute is not None and binds(mute, user) else 0.0

    def on_site(self, user: User) -> Sanction | None:
        """Return the ban or revocation that keeps the user out of the whole site, if there is one.

        The site's sanctions must be cached.
        """
        theirs = self._of(SITE, user)
        if not theirs:
            return None
        now = time.time()
        found = [s for s in theirs if s.until > now and binds(s, user)]
        return next((s for s in found if s.kind in ("ban", "revoke")), None)


def binds(sanction: Sanction, user: User) -> bool:
    """Return whether a sanction on this user's id holds for them, by the roles of their token.

    Bans, mutes and kicks never bind an admin, and a site moderator only if an admin set them. A revocation
    binds tokens that were issued before it.
    """
    if sanction.kind == "revoke":
        return user.issued_at is None or user.issued_at < sanction.since
    if sanction.kind == "disconnect":
        return True
    if ADMIN in user.roles:
        return False
    return MODERATOR not in user.roles or sanction.rank == "admin"


def _identity(sanction: Sanction) -> tuple[str, str, float]:
    moment = 0.0 if sanction.kind == "ban" else sanction.since
    return sanction.kind, sanction.user_id, moment
