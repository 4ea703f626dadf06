"""Bounded, coalesced writing to one client: straight to the socket when nothing is queued."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from tornado.iostream import IOStream, StreamClosedError

from tornchat.server.tornado_private import bytes_written


class Outbox:
    """One client's way out. At most one write waits in the stream; more is taken, but not asked for."""

    __slots__ = ("_direct", "_on_drained", "_progress", "_progress_at", "_send", "_stream", "_waiters")

    def __init__(self, stream: IOStream, on_drained: Callable[[], None]) -> None:
        """`on_drained` is called when all that was written has left, after a `write` gave False."""
        self._stream = stream
        self._send = stream.socket.send
        self._direct = not isinstance(stream.socket, ssl.SSLSocket)
        self._on_drained = on_drained
        self._progress = 0
        self._progress_at = 0.0
        self._waiters: list[asyncio.Future[None]] = []

    def write(self, data: bytes) -> bool:
        """Take `data`; True if it has all left. After the end of the connection it goes nowhere."""
        stream = self._stream
        if stream.closed():
            return False
        rest: bytes | memoryview = data
        if self._direct and not stream.writing():
            try:
                sent = self._send(data)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                stream.close(exc_info=error)
                return False
            if sent == len(data):
                return True
            rest = memoryview(data)[sent:]
        return self._queue(rest)

    def _queue(self, rest: bytes | memoryview) -> bool:
        if not self._stream.writing():
            self._progress, self._progress_at = -1, asyncio.get_running_loop().time()
        try:
            future = self._stream.write(rest)
        except StreamClosedError:
            return False
        if future.done():
            return True
        future.add_done_callback(self._left)
        return False

    def _left(self, future: asyncio.Future[None]) -> None:
        if self._stream.writing():
            return  # something was written after this; its own end is the one that counts
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if not self._stream.closed():
            self._on_drained()

    @property
    def busy(self) -> bool:
        """True while something waits to be taken by the kernel."""
        return self._stream.writing()

    def stalled(self, now: float) -> float:
        """Seconds (loop time) in which the client has taken nothing, though something waited for it."""
        if not self._stream.writing():
            return 0.0
        written = bytes_written(self._stream)
        if written != self._progress:
            self._progress, self._progress_at = written, now
        return now - self._progress_at

    async def drained(self) -> None:
        """Wait until all has left. Raises `ConnectionError` when the connection ended before."""
        if self._stream.writing() and not self._stream.closed():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self._stream.closed():
            raise ConnectionResetError("the client is gone")

    def abort(self) -> None:
        """Cut the connection off at once."""
        self._stream.close()
