"""The background tasks of the plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("tornchat.redis")

PAUSE_SECONDS = 1.0
AGAIN_SECONDS = 0.2
"""Seconds after which a task that has not ended is cancelled again."""


class Endless:
    """Runs endless functions as tasks. A function that raises is logged and restarted."""

    def __init__(self) -> None:
        self._running: list[asyncio.Task[None]] = []

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` as a task until `close`."""
        self._running.append(asyncio.create_task(self._keep(work), name=f"redis {work.__qualname__}"))

    async def close(self) -> None:
        """Cancel all tasks and wait until they have ended.

        One cancellation may be lost: before Python 3.12, `asyncio.wait_for`, which the library redis uses,
        returns as usual if what it waits for ends at the same moment.
        """
        running, self._running = set(self._running), []
        while running:
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)

    async def _keep(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("a task of the redis plugin failed and is restarted")
            await asyncio.sleep(PAUSE_SECONDS)
