"""Ownership of asyncio tasks: the owner starts them and ends them when it is closed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

SLICE_SECONDS = 0.005

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
        """Wait at most `seconds` for the running tasks, and those that they start, to end; then close."""
        end = asyncio.get_running_loop().time() + seconds
        while self._running and (left := end - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(list(self._running), timeout=left)
        await self.close()

    def cancel(self, name: str) -> None:
        """Cancel the running tasks of this name."""
        for task in self._running:
            if task.get_name() == name:
                task.cancel()

    async def close(self) -> None:
        """Cancel the running tasks and wait until they have ended."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class Reruns:
    """Runs work in at most one task per key. A request during a run causes one more run after it."""

    def __init__(self, tasks: Tasks, work: Callable[[str], Awaitable[None]], name: str, most: int) -> None:
        """`tasks` owns the tasks, which are named `name`; at most `most` overlap. No log shows a key."""
        self._tasks = tasks
        self._work = work
        self._name = name
        self._free = asyncio.Semaphore(most)
        self._requested: dict[str, bool] = {}
        """Key with a task -> whether it was requested since its last run began."""

    def request(self, key: str) -> bool:
        """Run the work for `key` at least once from now on; return whether no run was pending."""
        pending = key in self._requested
        self._requested[key] = True
        if not pending:
            self._tasks.start(self._run(key), self._name)
        return not pending

    async def _run(self, key: str) -> None:
        try:
            while self._requested[key]:
                async with self._free:
                    self._requested[key] = False
                    await self._work(key)
        finally:
            del self._requested[key]


class Slices:
    """Runs calls in order, a limited number per turn of the loop.

    It is for work that may come for thousands of clients at once: the other clients are served in between.
    """

    def __init__(self, most: int | None = None) -> None:
        """Run at most `most` calls per turn (None: any number), and none after `SLICE_SECONDS`."""
        self._most = most
        self._calls: deque[Callable[[], None]] = deque()
        self._scheduled = False

    def put(self, call: Callable[[], None]) -> None:
        """Run `call` in one of the next turns. If it fails, the failure is logged and the others run."""
        self._calls.append(call)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        end = time.perf_counter() + SLICE_SECONDS
        for _ in range(self._most or len(self._calls)):
            if not self._calls or time.perf_counter() > end:
                break
            try:
                self._calls.popleft()()
            except Exception:
                log.exception("a call failed")
        self._scheduled = bool(self._calls)
        if self._scheduled:
            asyncio.get_running_loop().call_soon(self._run)


class Turns:
    """Lets coroutines go on in the order in which they came, a limited number per turn of the loop."""

    def __init__(self, most: int) -> None:
        """Let `most` go on per turn."""
        self._slices = Slices(most)

    async def wait(self) -> None:
        """Wait for one of the next turns. Others are served in between, even if nobody else waits here."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slices.put(lambda: None if turn.done() else turn.set_result(None))
        await turn
