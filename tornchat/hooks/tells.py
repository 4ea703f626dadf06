"""Event notifications to plugins: queued and delivered in order for each plugin, without blocking the caller.

The queue of each plugin is bounded; notifications beyond the bound are dropped, counted and logged.
"""

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
    """One queue for each plugin, and one task while the queue is not empty.

    If `MOST_WAITING` notifications are queued for a plugin, new ones for it are dropped. When its queue is
    empty again, the number of dropped notifications is logged.
    """

    def __init__(self, call: Callable[[Any, tuple[object, ...]], Awaitable[Any]]) -> None:
        self._call = call
        self._waiting: dict[str, deque[tuple[Any, tuple[object, ...]]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._missed: dict[str, int] = {}
        self.missed: Counter[str] = Counter()
        """Plugin -> number of notifications dropped because its queue was full."""

    def put(self, plugin: str, implementation: object, arguments: tuple[object, ...]) -> None:
        """Queue one notification for `plugin`, or drop it if the queue is full."""
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
        """Return plugin -> number of queued notifications."""
        return {plugin: len(queue) for plugin, queue in self._waiting.items()}

    async def close(self) -> None:
        """Deliver queued notifications for at most `CLOSE_SECONDS`, then cancel the remaining calls."""
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
