"""Clients that ask over HTTP and don't read the answers: they are cut off."""

from __future__ import annotations

import asyncio

from tornado.iostream import IOStream

from tornchat.offenders import Offenders
from tornchat.server.edge.tornado_private import bytes_written

STALL_SECONDS = 20.0
"""A connection that takes nothing for so long, while something waits for it, is cut off."""
LOOK_SECONDS = 1.0


class SlowReaders:
    """Watches streams while something waits to be written to them."""

    def __init__(self, offenders: Offenders, stall_seconds: float = STALL_SECONDS) -> None:
        self.stall_seconds = stall_seconds
        self._offenders = offenders
        self._watched: dict[IOStream, tuple[int, float]] = {}

    def watch(self, stream: IOStream) -> None:
        """Watch `stream` from now on, until it is closed. Idempotent."""
        self._watched.setdefault(stream, (-1, 0.0))

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


def _peer(stream: IOStream) -> str:
    try:
        return str(stream.socket.getpeername()[0])
    except (OSError, IndexError):
        return "a client"
