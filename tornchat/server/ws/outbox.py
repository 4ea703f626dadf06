"""Writing to a client. Data goes directly to the socket unless earlier data is still queued."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable, Sequence
from socket import SHUT_WR, socket

from tornado.iostream import IOStream, StreamClosedError

from tornchat.server.edge.tornado_private import bytes_written

WRITE_BYTES = 65_536
"""A TLS socket reports progress only after a whole write, so that long data is written in pieces."""
MOST_PARTS = 512
"""Maximum number of parts of one `sendmsg`; Linux takes 1024."""


class Outbox(abc.ABC):
    """Writer of one client. Data that the kernel does not accept at once is queued.

    Callers should write no more until `on_drained` is called, which bounds the queue.
    """

    __slots__ = (
        "_loop",
        "_on_broken",
        "_on_busy",
        "_on_drained",
        "_progress",
        "_progress_at",
        "_waiters",
        "closed",
        "sealed",
    )

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_busy: Callable[[], None] = _nothing
        self._on_drained: Callable[[], None] = _nothing
        self._on_broken: Callable[[], None] = _nothing
        self._waiters: list[asyncio.Future[None]] = []
        self._progress = -1
        self._progress_at = 0.0
        self.closed = False
        """True once nothing can be sent any more."""
        self.sealed = False
        """True once `write` accepts no more data. Queued data is still sent."""

    def start(
        self, on_busy: Callable[[], None], on_drained: Callable[[], None], on_broken: Callable[[], None]
    ) -> None:
        """Set the callbacks.

        `on_busy` is called when data is queued, `on_drained` when the queue has become empty again, and
        `on_broken` once, in a later iteration of the event loop, when the connection has failed.
        """
        self._on_busy = on_busy
        self._on_drained = on_drained
        self._on_broken = on_broken

    @abc.abstractmethod
    def write(self, data: bytes) -> bool:
        """Send or queue `data`; return True if the kernel has accepted all of it.

        The data is discarded if the outbox is sealed or the connection has ended.
        """

    def write_all(self, parts: Sequence[bytes]) -> bool:
        """Send or queue the parts in this order, with one system call if possible. See `write`."""
        return self.write(parts[0] if len(parts) == 1 else b"".join(parts))

    @property
    @abc.abstractmethod
    def busy(self) -> bool:
        """True while data is queued."""

    def seal(self) -> None:
        """Accept no more data, since nothing may follow a close frame (RFC 6455, 5.5.1)."""
        self.sealed = True

    @abc.abstractmethod
    def end_writing(self) -> None:
        """Shut down the sending side of TCP and discard queued data. Reading is still possible."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connection at once. Idempotent."""

    @abc.abstractmethod
    def _taken(self) -> int:
        """Return the number of queued bytes that the kernel has accepted so far."""

    def stalled(self, now: float) -> float:
        """Return the seconds for which queued data has made no progress, at `now` (loop time, seconds)."""
        if not self.busy:
            return 0.0
        taken = self._taken()
        if taken != self._progress:
            self._progress, self._progress_at = taken, now
        return now - self._progress_at

    async def drained(self) -> None:
        """Wait until the queue is empty. Raises `ConnectionError` if nothing more can be sent."""
        if self.busy and not self.closed:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter
        if self.closed or self.sealed:
            raise ConnectionResetError("the client is gone")

    def _begin_queue(self) -> None:
        self._progress, self._progress_at = -1, self._loop.time()
        self._on_busy()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _forget(self) -> None:
        """Drop the callbacks, to break the reference cycle with the receiver."""
        self._on_busy = self._on_drained = self._on_broken = _nothing

    def _left(self) -> None:
        self._wake()
        if not self.closed:
            self._on_drained()


class SocketOutbox(Outbox):
    """Writes to a plain socket. It owns the socket, which `close` closes."""

    __slots__ = ("_clear", "_done", "_queue", "_send", "_socket")

    def __init__(self, own: socket) -> None:
        super().__init__()
        self._socket = own
        self._send = own.send
        self._clear = True
        self._queue: list[bytes | memoryview] = []  # short, since callers stop writing while it is busy
        self._done = 0

    def write(self, data: bytes) -> bool:
        # Hot path: runs for every member of a room at every flush.
        if self._clear:
            try:
                sent = self._send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self._break()
                return False
            if sent == len(data):
                return True
            self._keep(memoryview(data)[sent:])
        elif self._queue and not self.sealed:
            self._queue.append(data)
        return False

    def write_all(self, parts: Sequence[bytes]) -> bool:
        if not self._clear or not 1 < len(parts) <= MOST_PARTS:
            return super().write_all(parts)
        try:
            sent = self._socket.sendmsg(parts)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._break()
            return False
        if sent == sum(map(len, parts)):
            return True
        self._keep(memoryview(b"".join(parts))[sent:])
        return False

    def _keep(self, rest: memoryview) -> None:
        self._clear = False
        self._queue.append(rest)
        self._loop.add_writer(self._socket, self._flush)
        self._begin_queue()

    def seal(self) -> None:
        super().seal()
        self._clear = False

    @property
    def busy(self) -> bool:
        return bool(self._queue)

    def end_writing(self) -> None:
        if not self.closed:
            self._stop_writing()
            try:
                self._socket.shutdown(SHUT_WR)
            except OSError:
                pass  # the client has already disconnected

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._stop_writing()
            self._socket.close()
            self._wake()
            self._forget()

    def _taken(self) -> int:
        return self._done

    def _flush(self) -> None:
        queue = self._queue
        try:
            while queue:
                first = queue[0]
                sent = self._send(first)
                self._done += sent
                if sent < len(first):
                    queue[0] = memoryview(first)[sent:]
                    return
                del queue[0]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._break()
            return
        self._loop.remove_writer(self._socket)
        self._clear = not self.sealed
        self._left()

    def _break(self) -> None:
        self._stop_writing()
        self._loop.call_soon(self._on_broken)

    def _stop_writing(self) -> None:
        self._clear = False
        if self._queue:
            self._queue.clear()
            self._loop.remove_writer(self._socket)


class StreamOutbox(Outbox):
    """Writes to a Tornado stream, which encrypts the data (TLS)."""

    __slots__ = ("_stream",)

    def __init__(self, stream: IOStream) -> None:
        super().__init__()
        self._stream = stream

    def write(self, data: bytes) -> bool:
        if self.sealed:
            return False
        was_busy = self._stream.writing()
        try:
            for start in range(0, len(data), WRITE_BYTES):
                future = self._stream.write(memoryview(data)[start : start + WRITE_BYTES])
        except StreamClosedError:
            self.closed = True
            return False
        if not self._stream.writing():
            return True
        if not was_busy:
            self._begin_queue()
        future.add_done_callback(self._written)
        return False

    @property
    def busy(self) -> bool:
        return self._stream.writing()

    def end_writing(self) -> None:
        try:
            # Not `SSLSocket.shutdown`, after which the socket would read without decryption.
            socket.shutdown(self._stream.socket, SHUT_WR)
        except OSError:
            pass  # the client has already disconnected

    def close(self) -> None:
        self.closed = True
        self._stream.close()
        self._wake()
        self._forget()

    def _taken(self) -> int:
        return bytes_written(self._stream)

    def _written(self, future: asyncio.Future[None]) -> None:
        self.closed = self.closed or self._stream.closed()
        if not future.cancelled():
            future.exception()  # retrieved to avoid a warning; the inbox reports the end
        if not self._stream.writing() or self.closed:
            self._left()


def _nothing() -> None:
    """Callback used before `start` and after `close`."""
