"""Cache of the slow mode of the rooms in use on this node. Storage holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from tornchat.hooks.calls import Hooks
from tornchat.model import SITE, RoomInfo


class SlowModes:
    """The rooms with slow mode. Without a plugin for slow mode there are none."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._provided = hooks.provides("read_slow_modes")
        self._seconds: dict[str, int] = {}
        self._reading = asyncio.Lock()
        self.seconds: Mapping[str, int] = MappingProxyType(self._seconds)
        """Room -> seconds between two messages of a user; rooms without slow mode are not in it."""

    def learn(self, room: RoomInfo) -> None:
        """Take what storage has just said of a room that is loaded now."""
        if self._provided:
            self._put(room.name, room.slow_seconds)

    async def read(self, rooms: Sequence[str]) -> None:
        """Read the slow mode of these rooms again. `SITE` is passed over. Raises `Unavailable`."""
        names = [room for room in rooms if room != SITE]
        if not self._provided or not names:
            return
        async with self._reading:  # an older answer must not overwrite a newer one
            found = await self._hooks.read_slow_modes(names)
            for name in names:
                self._put(name, found.get(name, 0))

    def _put(self, name: str, seconds: int) -> None:
        if seconds > 0:
            self._seconds[name] = seconds
        else:
            self._seconds.pop(name, None)

    def forget_all_but(self, rooms: Collection[str]) -> None:
        """Remove the rooms that are not loaded any more."""
        for name in [name for name in self._seconds if name not in rooms]:
            del self._seconds[name]
