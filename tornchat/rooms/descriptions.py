"""What the loaded rooms say of themselves: read from storage, kept in their `info`, told to their members."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tornchat.hooks.calls import Hooks
from tornchat.rooms.registry import Registry


class Descriptions:
    """Keeps the descriptions of the loaded rooms as storage has them. Without a plugin nothing changes."""

    def __init__(self, hooks: Hooks, rooms: Registry) -> None:
        self._hooks = hooks
        self._rooms = rooms
        self._provided = hooks.provides("read_descriptions")
        self._reading = asyncio.Lock()

    async def read(self, names: Sequence[str]) -> None:
        """Read the descriptions of these rooms again, as far as they are loaded. Raises `Unavailable`."""
        loaded = [name for name in names if self._rooms.get(name) is not None]
        if not self._provided or not loaded:
            return
        async with self._reading:  # an older answer must not overwrite a newer one
            for name, description in (await self._hooks.read_descriptions(loaded)).items():
                if (room := self._rooms.get(name)) is not None:
                    room.describe(description)
