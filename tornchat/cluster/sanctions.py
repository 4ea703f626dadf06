"""Who may not be in a room, or not speak there: for the rooms that this node has in use.

Storage keeps the sanctions; this is what was read last, so that a message costs one look at a dict.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

from tornchat.hooks.calls import Hooks
from tornchat.model import Sanction, SanctionKind


class Sanctions:
    """Room and user -> until when. Without a plugin for it nobody is ever sanctioned."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._provided = hooks.provides("read_sanctions")
        self._rooms: dict[str, Sequence[Sanction]] = {}
        self._reading = asyncio.Lock()
        self.mutes: dict[tuple[str, str], float] = {}
        """(room, user id) -> until when (Unix seconds); empty in most chats, most of the time."""

    def known(self) -> list[str]:
        """The rooms whose sanctions are known here."""
        return list(self._rooms)

    def knows(self, room: str) -> bool:
        """Say whether the room's sanctions are kept here."""
        return not self._provided or room in self._rooms

    async def know(self, room: str) -> None:
        """Read the room's sanctions, unless they are known, and keep them. Raises `Unavailable`."""
        if room not in self._rooms:
            await self.read([room])

    async def read(self, rooms: Sequence[str]) -> list[Sanction]:
        """Read these rooms' sanctions again and give the bans that are new. Raises `Unavailable`."""
        if not self._provided or not rooms:
            return []
        async with self._reading:  # an older answer never comes after a newer one
            found = await self._hooks.read_sanctions(rooms)
            return [ban for room in rooms for ban in self._keep(room, [s for s in found if s.room == room])]

    def _keep(self, room: str, found: Sequence[Sanction]) -> list[Sanction]:
        now = time.time()  # who was banned until a moment ago may be back
        banned = {s.user_id for s in self._rooms.get(room, ()) if s.kind == "ban" and s.until > now}
        self._unmute(room)
        self._rooms[room] = found
        self.mutes.update({(room, s.user_id): s.until for s in found if s.kind == "mute"})
        return [s for s in found if s.kind == "ban" and s.user_id not in banned]

    def _unmute(self, room: str) -> None:
        for sanction in self._rooms.get(room, ()):
            self.mutes.pop((room, sanction.user_id), None)

    def forget(self, rooms: Iterable[str]) -> None:
        """Know nothing more of these rooms, which nobody is in."""
        for room in rooms:
            self._unmute(room)
            self._rooms.pop(room, None)

    async def until(self, room: str, user_id: str) -> dict[SanctionKind, float]:
        """The user's sanctions in any room: kind -> until when. Raises `Unavailable`."""
        if not self._provided:
            return {}
        found = self._rooms[room] if room in self._rooms else await self._hooks.read_sanctions([room])
        now = time.time()
        return {s.kind: s.until for s in found if s.user_id == user_id and s.until > now}

    def bans(self, room: str, user_id: str) -> bool:
        """Say whether the user is banned from a room that is known here."""
        now = time.time()
        return any(
            s.kind == "ban" and s.user_id == user_id and s.until > now for s in self._rooms.get(room, ())
        )

    def muted_for(self, room: str, user_id: str) -> float:
        """Seconds that the user may not speak in a room that is known here; 0: they may."""
        return max(0.0, self.mutes.get((room, user_id), 0.0) - time.time())
