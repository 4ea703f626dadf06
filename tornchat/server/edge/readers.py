"""Clients that ask over HTTP and don't read the answers: they are cut off."""

from __future__ import annotations

import asyncio
import socket

from tornado.iostream import IOStream

from tornchat.offenders import Offenders
from tornchat.server.edge.tornado_private import bytes_written
from tornchat.tasks import Turns

STALL_SECONDS = 20.0
"""A connection that takes nothing for so long, while something waits for it, is cut off."""
LOOK_SECONDS = 1.0
UNSENT_BYTES = 1 << 17
"""How much the kernel takes of what it can't send yet. It would take 4 MiB, and copying takes time."""
SLICES_PER_TURN = 8
"""Slices of long answers that are given to the kernel in one turn of the loop, of all answers together.

The kernel takes a slice at once if it has room, so that a long answer would not wait for anything."""


class SlowReaders:
    """Watches streams while something waits to be written to them."""

    def __init__(self, offenders: Offenders, stall_seconds: float = STALL_SECONDS) -> None:
        self.stall_seconds = stall_seconds
        self._offenders = offenders
        self._watched: dict[IOStream, tuple[int, float]] = {}
        self.turns = Turns(SLICES_PER_TURN)
        """To wait for between the slices of an answer."""

    def watch(self, stream: IOStream) -> None:
        """Watch `stream` from now on, until it is closed, and bound what its socket takes. Idempotent."""
        if stream not in self._watched:
            self._watched[stream] = (-1, 0.0)
            bound_unsent(stream.socket)

    def forget(self, stream: IOStream) -> None:
        """Watch `stream` no more."""
        self._watched.pop(stream, None)

    def look(self) -> None:
        """Cut off who has made no progress. Called every `LOOK_SECONDS` by the owner."""
        now = asyncio.get_running_loop().time()
        for stream, (taken, since) in list(self._watched.items()):
            if stream.closed():
                del self._watched[stream]
                continue
            written = bytes_written(stream)
            if not stream.writing() or written != taken:
                self._watched[stream] = (written, now)
            elif now - since >= self.stall_seconds:
                del self._watched[stream]
                self._cut(stream)

    def _cut(self, stream: IOStream) -> None:
        peer = _peer(stream)
        self._offenders.note("slow_readers", peer, "connections that take no answers are cut off")
        stream.close()


def bound_unsent(connection: socket.socket) -> None:
    """Let the kernel take at most `UNSENT_BYTES` that it can't send yet, where it can be told so (tcp(7))."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is None or connection.family == getattr(socket, "AF_UNIX", None):
        return
    try:
        connection.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)
    except OSError:
        pass  # the client has gone


def _peer(stream: IOStream) -> str:
    try:
        return str(stream.socket.getpeername()[0])
    except (OSError, IndexError):
        return "a client"
