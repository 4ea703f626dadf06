"""Reading how far users have read, for many who join at the same time in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import NamedTuple

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.markers import ReadState
from tornchat.tasks import Tasks


class Key(NamedTuple):
    """Whose marker, in which room."""

    room: str
    user_id: str


class ReadStates:
    """Reads markers from storage. Without a storage that keeps them, there are none."""

    def __init__(
        self, hooks: Hooks, tasks: Tasks, settle: Callable[[Iterable[Key]], Awaitable[None]]
    ) -> None:
        """`settle` writes what this node knows of the markers that are read next."""
        self._hooks = hooks
        self._tasks = tasks
        self._settle = settle
        self._kept = hooks.provides("read_markers")
        self._asked: dict[Key, asyncio.Future[ReadState | None]] = {}

    def ask(self, key: Key) -> Awaitable[ReadState | None]:
        """Read a user's marker; None if that is not possible now. Many asked at once are read in one call."""
        if key not in self._asked:
            if not self._asked:
                self._tasks.start(self._read_asked(), "markers")
            self._asked[key] = asyncio.get_running_loop().create_future()
        return self._asked[key]

    async def _read_asked(self) -> None:
        asked, found = self._asked, dict[Key, ReadState]()
        try:
            await asyncio.sleep(0)  # for others who ask in this iteration of the event loop
            self._asked = {}
            found = await self.read(asked)
        finally:
            for key, future in asked.items():
                if not future.done():
                    future.set_result(found.get(key))

    async def read(self, keys: Collection[Key]) -> dict[Key, ReadState]:
        """Read the markers of these users, as far as that is possible now."""
        wanted: dict[str, list[str]] = {}
        for key in keys:
            wanted.setdefault(key.room, []).append(key.user_id)
        try:
            await self._settle(keys)
            states = await self._hooks.read_markers(wanted) if self._kept else ()
        except Unavailable:
            return {}
        return {Key(state.room, state.user_id): state for state in states}
