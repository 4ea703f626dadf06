"""The background tasks of the plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("tornchat.redis")

PAUSE_SECONDS = 1.0


class Endless:
    """Runs endless functions as tasks. A function that raises is logged and restarted."""

    def __init__(self) -> None:
        self._running: list[asyncio.Task[None]] = []

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` as a task until `close`."""
        self._running.append(asyncio.create_task(self._keep(work), name=f"redis {work.__qualname__}"))

    async def close(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        running, self._running = self._running, []
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _keep(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("a task of the redis plugin failed and is restarted")
            await asyncio.sleep(PAUSE_SECONDS)
