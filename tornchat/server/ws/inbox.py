"""Reading from a client. Received data is passed on at once, in chunks.

A plain socket is read in a callback of the event loop, without a task, a future or a buffer per connection.
TLS is read through Tornado's stream, which decrypts it.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable
from socket import socket

from tornado.iostream import IOStream, StreamClosedError

from tornchat.tasks import Tasks

READ_BYTES = 65_536


class Inbox(abc.ABC):
    """Reader of one client. It reads nothing before `start` and while it is paused."""

    __slots__ = ("_on_data", "_on_end")

    _on_data: Callable[[bytes], None]
    _on_end: Callable[[], None]

    def start(self, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        """Start reading. `on_data` receives every chunk; `on_end` is called once, at the end of the data."""
        self._on_data = on_data
        self._on_end = on_end
        self.resume()

    @abc.abstractmethod
    def resume(self) -> None:
        """Resume reading in the next iteration of the event loop. Idempotent."""

    @abc.abstractmethod
    def pause(self) -> None:
        """Pause reading; data stays in the kernel's buffer. Idempotent."""

    def close(self) -> None:
        """Stop reading. Idempotent; `on_end` is not called afterwards."""
        self._on_data, self._on_end = _ignore, _nothing  # breaks the reference cycle with the receiver


class SocketInbox(Inbox):
    """Reads a plain socket. `early` is data that was read from it before."""

    __slots__ = ("_closed", "_descriptor", "_early", "_loop", "_reads", "_socket")

    def __init__(self, own: socket, early: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = own
        self._descriptor = own.fileno()  # asyncio computes the repr of a socket object: two system calls
        self._early = early
        self._reads = False
        self._closed = False

    def resume(self) -> None:
        if self._reads or self._closed:
            return
        self._reads = True
        if self._early:
            self._loop.call_soon(self._read_early)
        else:
            self._loop.add_reader(self._descriptor, self._read)

    def pause(self) -> None:
        if self._reads:
            self._reads = False
            self._loop.remove_reader(self._descriptor)

    def close(self) -> None:
        super().close()
        self.pause()
        self._closed = True

    def _read_early(self) -> None:
        if not self._reads:
            return
        self._loop.add_reader(self._descriptor, self._read)
        early, self._early = self._early, b""
        self._on_data(early)

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._on_data(data)
        else:
            on_end = self._on_end
            self.close()
            on_end()


class StreamInbox(Inbox):
    """Reads a Tornado stream in a task owned by `tasks`."""

    __slots__ = ("_reading", "_stream", "_task", "_tasks")

    def __init__(self, stream: IOStream, tasks: Tasks) -> None:
        self._stream = stream
        self._tasks = tasks
        self._reading = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def resume(self) -> None:
        self._reading.set()
        if self._task is None:
            self._task = self._tasks.start(self._read(), "read")

    def pause(self) -> None:
        self._reading.clear()

    def close(self) -> None:
        super().close()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def _read(self) -> None:
        try:
            while True:
                await self._reading.wait()
                self._on_data(await self._stream.read_bytes(READ_BYTES, partial=True))
                await asyncio.sleep(0)  # `read_bytes` does not yield when data is already buffered
        except StreamClosedError:
            self._on_end()


def _ignore(data: bytes) -> None:
    """Discard a chunk received after `close`."""


def _nothing() -> None:
    """Replacement for `on_end` after `close`."""
