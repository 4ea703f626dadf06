"""Cache of the sanctions (bans and mutes) of the rooms in use on this node.

Storage holds the sanctions. The cache holds the values last read, so that a message costs one dict lookup.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

from tornchat.hooks.calls import Hooks
from tornchat.model import Sanction, SanctionKind


class Sanctions:
    """The sanctions of rooms and users. Without a moderation plugin there are none."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._provided = hooks.provides("read_sanctions")
        self._rooms: dict[str, Sequence[Sanction]] = {}
        self._reading = asyncio.Lock()
        self.mutes: dict[tuple[str, str], float] = {}
        """(room, user id) -> end of the mute (Unix seconds)."""

    def known(self) -> list[str]:
        """Return the rooms whose sanctions are cached."""
        return list(self._rooms)

    def knows(self, room: str) -> bool:
        """Return whether the room's sanctions are cached."""
        return not self._provided or room in self._rooms

    async def know(self, room: str) -> None:
        """Read and cache the room's sanctions, unless they are cached. Raises `Unavailable`."""
        if room not in self._rooms:
            await self.read([room])

    async def read(self, rooms: Sequence[str]) -> list[Sanction]:
        """Read these rooms' sanctions again and return the new bans. Raises `Unavailable`."""
        if not self._provided or not rooms:
            return []
        async with self._reading:  # an older answer must not overwrite a newer one
            found = await self._hooks.read_sanctions(rooms)
            return [ban for room in rooms for ban in self._keep(room, [s for s in found if s.room == room])]

    def _keep(self, room: str, found: Sequence[Sanction]) -> list[Sanction]:
        now = time.time()  # a user whose ban has just expired may have returned
        banned = {s.user_id for s in self._rooms.get(room, ()) if s.kind == "ban" and s.until > now}
        self._unmute(room)
        self._rooms[room] = found
        self.mutes.update({(room, s.user_id): s.until for s in found if s.kind == "mute"})
        return [s for s in found if s.kind == "ban" and s.user_id not in banned]

    def _unmute(self, room: str) -> None:
        for sanction in self._rooms.get(room, ()):
            self.mutes.pop((room, sanction.user_id), None)

    def forget(self, rooms: Iterable[str]) -> None:
        """Remove these rooms from the cache. They must be empty."""
        for room in rooms:
            self._unmute(room)
            self._rooms.pop(room, None)

    async def until(self, room: str, user_id: str) -> dict[SanctionKind, float]:
        """Return the user's sanctions in any room: kind -> end (Unix seconds). Raises `Unavailable`."""
        if not self._provided:
            return {}
        found = self._rooms[room] if room in self._rooms else await self._hooks.read_sanctions([room])
        now = time.time()
        return {s.kind: s.until for s in found if s.user_id == user_id and s.until > now}

    def bans(self, room: str, user_id: str) -> bool:
        """Return whether the user is banned from a room whose sanctions are cached."""
        now = time.time()
        return any(
            s.kind == "ban" and s.user_id == user_id and s.until > now for s in self._rooms.get(room, ())
        )

    def muted_for(self, room: str, user_id: str) -> float:
        """Return the remaining seconds of the user's mute in a cached room; 0 if the user is not muted."""
        return max(0.0, self.mutes.get((room, user_id), 0.0) - time.time())
