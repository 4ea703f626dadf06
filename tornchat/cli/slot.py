"""Supervision of one worker: its process is restarted when it ends, and replaced on request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tornchat.cli.backoff import RestartPause
from tornchat.cli.child import Child
from tornchat.tasks import Tasks

log = logging.getLogger("tornchat.workers")

START_SECONDS = 60.0
"""Seconds after which a worker that does not accept clients is stopped."""


class Slot:
    """Supervises worker `number`. After the first `fill`, only `keep` starts processes."""

    def __init__(self, number: int, start: Callable[[int], Awaitable[Child]]) -> None:
        """`start` starts a process for a worker's number. Requires a running event loop."""
        self.number = number
        self._start = start
        self._now = asyncio.get_running_loop().time
        self._children: list[Child] = []
        self._child: Child | None = None
        self._begun = 0.0
        self._backoff = RestartPause()
        self._asked = asyncio.Event()
        self._renewal: asyncio.Future[bool] | None = None
        self._drains = Tasks()

    async def fill(self) -> bool:
        """Start a process and wait until it accepts clients; return False if it fails before."""
        self._begun = self._now()
        child = await self._start(self.number)
        self._children.append(child)
        if not await child.is_ready(START_SECONDS):
            await self._end(child)
            return False
        log.info("worker %d is process %d and ready", self.number, child.pid)
        self._child = child
        return True

    async def keep(self) -> None:
        """Keep a process running, until cancelled."""
        while True:
            if self._child is not None:
                await self._watch(self._child)
            elif await self.fill():
                self._settle(True)
            else:
                await self._pause("did not get ready")

    async def renew(self) -> bool:
        """Replace the process by a new one and drain the old one; return False if no new one got ready."""
        self._renewal = asyncio.get_running_loop().create_future()
        self._asked.set()
        return await self._renewal

    async def stop(self) -> bool:
        """Stop all processes; return False if one failed. Cancel `keep` before."""
        await self._drains.close()
        ends = await asyncio.gather(*(child.stop() for child in self._children))
        return all(ends)

    async def _watch(self, child: Child) -> None:
        """Wait until the process ends or a replacement is requested, and handle it."""
        end, asked = asyncio.create_task(child.end()), asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait({end, asked}, return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                self._children.remove(child)
                self._child = None
                await self._pause(f"(process {child.pid}) has ended with {end.result()}")
            else:
                await self._replace(child)
        finally:
            end.cancel()
            asked.cancel()

    async def _pause(self, what: str) -> None:
        seconds = self._backoff.pause(self._now() - self._begun)
        again = f"; {self._backoff.failures} times in a row" if seconds else ""
        log.error("worker %d %s%s; the next one starts in %g s", self.number, what, again, seconds)
        self._settle(False)
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            pass
        self._asked.clear()

    async def _replace(self, old: Child) -> None:
        self._asked.clear()
        if await self.fill():
            self._drains.start(self._drain(old), f"drain {old.pid}")
        else:
            log.error("worker %d: no new process got ready; keeping process %d", self.number, old.pid)
            self._settle(False)

    async def _drain(self, old: Child) -> None:
        log.info("worker %d: process %d drains", self.number, old.pid)
        await self._end(old)
        log.info("worker %d: process %d has ended", self.number, old.pid)
        self._settle(True)

    async def _end(self, child: Child) -> None:
        await child.stop()
        self._children.remove(child)

    def _settle(self, renewed: bool) -> None:
        if self._renewal is not None and not self._renewal.done():
            self._renewal.set_result(renewed)
