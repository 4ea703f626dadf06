"""Ownership of asyncio tasks: the owner starts them and ends them when it is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

log = logging.getLogger("tornchat")


class Tasks:
    """Starts tasks, logs their failures, and cancels those still running when it is closed."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that runs `work` until it ends or this owner is closed."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def every(self, seconds: float, work: Callable[[], Awaitable[None] | None], name: str) -> None:
        """Call `work` repeatedly, `seconds` apart. A failure is logged and does not end the repetition."""
        self.start(self._repeat(seconds, work), name)

    async def _repeat(self, seconds: float, work: Callable[[], Awaitable[None] | None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                pending = work()
                if pending is not None:
                    await pending
            except Exception:
                log.exception("a regular task failed and will be tried again")

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task %s failed", task.get_name(), exc_info=task.exception())

    async def finish(self, seconds: float) -> None:
        """Wait at most `seconds` for the running tasks to end, then close."""
        if self._running:
            await asyncio.wait(list(self._running), timeout=seconds)
        await self.close()

    async def close(self) -> None:
        """Cancel the running tasks and wait until they have ended."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
