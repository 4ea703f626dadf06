"""Telling plugins what happened: in order for each plugin, waited for by nobody, forgotten never."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

log = logging.getLogger("tornchat.hooks")

MOST_WAITING = 10_000
CLOSE_SECONDS = 5.0


class Tells:
    """One queue and, while it holds something, one task for each plugin that listens.

    A plugin that is more than `MOST_WAITING` tells behind misses the newest; that is logged.
    """

    def __init__(self, call: Callable[[Any, tuple[object, ...]], Awaitable[Any]]) -> None:
        self._call = call
        self._waiting: dict[str, deque[tuple[Any, tuple[object, ...]]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._missed: dict[str, int] = {}
        self.missed: Counter[str] = Counter()
        """Plugin -> tells that it never got."""

    def put(self, plugin: str, implementation: object, arguments: tuple[object, ...]) -> None:
        """Queue one tell for `plugin`."""
        queue = self._waiting.setdefault(plugin, deque())
        if len(queue) >= MOST_WAITING:
            self._missed[plugin] = self._missed.get(plugin, 0) + 1
            self.missed[plugin] += 1
            return
        queue.append((implementation, arguments))
        if plugin not in self._tasks:
            self._tasks[plugin] = asyncio.create_task(self._run(plugin, queue))

    async def _run(self, plugin: str, queue: deque[tuple[Any, tuple[object, ...]]]) -> None:
        try:
            while queue:
                await self._call(*queue.popleft())
        finally:
            del self._tasks[plugin]
            missed = self._missed.pop(plugin, 0)
            if missed:
                log.error("plugin %s was %d tells behind and missed %d", plugin, MOST_WAITING, missed)

    def waiting(self) -> dict[str, int]:
        """Plugin -> tells that are still to reach it."""
        return {plugin: len(queue) for plugin, queue in self._waiting.items()}

    async def close(self) -> None:
        """Give what waits a last `CLOSE_SECONDS` to be told."""
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
