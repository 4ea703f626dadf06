"""Worker threads that run database jobs for the event loop, each with its own session."""

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
    """A pool of `size` threads that run jobs from one queue, in order. The threads run until `stop`.

    With `size` 1, jobs run one at a time. Methods must be called in the event loop's thread.
    """

    def __init__(self, name: str, size: int, backend: Backend) -> None:
        self._backend = backend
        self._queue: SimpleQueue[_Call] = SimpleQueue()
        self._stopping = threading.Event()
        # Daemon threads, so that a hanging driver does not prevent the process from exiting.
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, job: Callable[[DatabaseSession], Result]) -> asyncio.Future[Result]:
        """Queue `job` and return a future of its result. It can be cancelled until a thread starts it."""
        return self._put(job)

    async def stop(self) -> None:
        """Finish the queued jobs, then close the sessions and end the threads."""
        self._stopping.set()
        await asyncio.gather(*[self._put(None) for _ in self._threads])
        for thread in self._threads:
            thread.join()  # does not block: the thread has already completed its last job

    def _put(self, job: Callable[[DatabaseSession], Any] | None) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()  # may differ from the loop that created the workers
        call = _Call(job, loop.create_future(), loop)
        self._queue.put(call)
        return call.future

    def _work(self) -> None:
        session = DatabaseSession(self._backend, self._stopping)
        while _carried_out(session, self._queue):
            pass


def _carried_out(session: DatabaseSession, queue: SimpleQueue[_Call]) -> bool:
    """Run the next call; return False if it was the request to stop.

    A separate function, so that no reference to a finished call remains while the thread waits.
    """
    call = queue.get()
    if call.job is None:
        session.close()
        _tell(call, None, None)
        return False
    if call.future.cancelled():
        return True
    try:
        result = session.run(call.job)
    except BaseException as error:
        _tell(call, None, error)
    else:
        _tell(call, result, None)
    return True


def _tell(call: _Call, result: Any, error: BaseException | None) -> None:
    try:
        call.loop.call_soon_threadsafe(_settle, call.future, result, error)
    except RuntimeError:
        pass  # the loop is closed, so nothing awaits the result


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
