"""Connections whose first bytes have not come yet."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from tornado.iostream import IOStream

from tornchat.tasks import Slices

MOST_PER_TURN = 16
"""Connections that begin to be served in one turn of the loop.

A turn handles everything that is ready. This bounds the requests and joins among it, so that thousands of
clients that come at once don't keep the members of rooms waiting.
"""


class Doorstep:
    """Has connections served once their first bytes have come, a few per turn of the loop."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[asyncio.TimerHandle, Callable[[], None]]] = {}
        self._ready = Slices(most=MOST_PER_TURN)

    def wait(
        self, stream: IOStream, seconds: float, serve: Callable[[], None], give_up: Callable[[], None]
    ) -> None:
        """Call `serve` soon after the first bytes, or the end, of `stream` have come.

        If nothing comes within `seconds`, `give_up` is called instead. The stream must not read meanwhile.
        """
        if _has_come(stream.socket):  # usual, and watching for it would take three system calls
            self._ready.put(serve)
            return
        loop, descriptor = asyncio.get_running_loop(), stream.socket.fileno()
        self._waiting[descriptor] = loop.call_later(seconds, self._give_up, descriptor), give_up
        loop.add_reader(descriptor, self._came, descriptor, serve)

    def close(self) -> None:
        """Give up all connections on which nothing has come."""
        for descriptor in list(self._waiting):
            self._give_up(descriptor)

    def _came(self, descriptor: int, serve: Callable[[], None]) -> None:
        self._forget(descriptor)
        self._ready.put(serve)

    def _give_up(self, descriptor: int) -> None:
        self._forget(descriptor)()

    def _forget(self, descriptor: int) -> Callable[[], None]:
        asyncio.get_running_loop().remove_reader(descriptor)
        timer, give_up = self._waiting.pop(descriptor)
        timer.cancel()
        return give_up


def _has_come(connection: socket.socket) -> bool:
    """Return whether there are bytes to read, or the end."""
    try:
        connection.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        pass  # who serves the connection finds out that it has failed
    return True
