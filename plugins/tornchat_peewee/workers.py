"""Threads that carry out the jobs of the event loop, each with a session of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from tornchat_peewee.backend import Backend
from tornchat_peewee.session import DatabaseSession

Result = TypeVar("Result")


class _Call(NamedTuple):
    job: Callable[[DatabaseSession], Any] | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Workers:
    """`size` threads that take jobs from one queue, in order. A single one carries out one at a time.

    Their methods are for the event loop. The threads run from the start until `stop`.
    """

    def __init__(self, name: str, size: int, backend: Backend) -> None:
        self._backend = backend
        self._queue: SimpleQueue[_Call] = SimpleQueue()
        self._stopping = threading.Event()
        # Daemons: a driver that hangs must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, job: Callable[[DatabaseSession], Result]) -> asyncio.Future[Result]:
        """Have `job` carried out. Its future can be cancelled until a thread has begun with it."""
        return self._put(job)

    async def stop(self) -> None:
        """Carry out what was given before, then close the sessions and end the threads."""
        self._stopping.set()
        await asyncio.gather(*[self._put(None) for _ in self._threads])
        for thread in self._threads:
            thread.join()  # its last act was to say goodbye: this doesn't block

    def _put(self, job: Callable[[DatabaseSession], Any] | None) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()  # perhaps another one than at the start
        call = _Call(job, loop.create_future(), loop)
        self._queue.put(call)
        return call.future

    def _work(self) -> None:
        session = DatabaseSession(self._backend, self._stopping)
        while _carried_out(session, self._queue):
            pass


def _carried_out(session: DatabaseSession, queue: SimpleQueue[_Call]) -> bool:
    """Carry out the next call; False if it was the goodbye. Afterwards nothing holds the call any more."""
    call = queue.get()
    if call.job is None:
        session.close()
        _tell(call, None, None)
        return False
    if call.future.cancelled():
        return True
    try:
        result = call.job(session)
    except BaseException as error:
        _tell(call, None, error)
    else:
        _tell(call, result, None)
    return True


def _tell(call: _Call, result: Any, error: BaseException | None) -> None:
    try:
        call.loop.call_soon_threadsafe(_settle, call.future, result, error)
    except RuntimeError:
        pass  # the loop is closed: nobody is left to be told


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
