"""Accepting connections, also when the process runs out of descriptors."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Iterable

from tornchat.server.edge.edge import FULL_RETRY_SECONDS, Edge

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of accept(2) after which the next call fails as well."""
BATCH = 32
"""Connections that one listening socket accepts per turn of the loop. The rest wait in the listen queue."""
REFUSALS = 64
"""Waiting clients that are refused per pause: they cost time that the members need."""
PAUSE_SECONDS = 0.25

log = logging.getLogger("tornchat.limits")

Take = Callable[[socket.socket, str], None]


class Acceptor:
    """Accepts on listening sockets, which it owns. `take` is given each connection and its peer."""

    def __init__(self, sockets: Iterable[socket.socket], take: Take, edge: Edge) -> None:
        """On the running loop."""
        self._loop = asyncio.get_running_loop()
        self._sockets = list(sockets)
        self._take = take
        self._edge = edge
        self._reserve: int | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._take_reserve()
        self._resume()

    def close(self) -> None:
        """Accept no more, and close the listening sockets."""
        self._stop_reading()
        if self._pause is not None:
            self._pause.cancel()
            self._edge.paused = False
        self._drop_reserve()
        for listening in self._sockets:
            listening.close()
        self._sockets = []

    def _resume(self) -> None:
        for listening in self._sockets:
            self._loop.add_reader(listening.fileno(), self._accept, listening)

    def _stop_reading(self) -> None:
        for listening in self._sockets:
            self._loop.remove_reader(listening.fileno())

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(BATCH):
            if not self._sockets or self._pause is not None:
                return
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._begin_pause(error)
                    return
                continue  # the client has gone already (accept(2))
            self._take(connection, peer_of(address))

    def _begin_pause(self, error: OSError) -> None:
        self._stop_reading()
        self._edge.paused = True
        self._edge.offenders.counts["descriptors"] += 1
        if self._edge.offenders.may_tell("descriptors", ""):
            log.error(
                "no connections are accepted: %s; waiting clients are refused with 503",
                error.strerror,
                extra={"event": "descriptors_out", "reason": error.strerror},
            )
        self._pause = self._loop.call_later(PAUSE_SECONDS, self._look)

    def _look(self) -> None:
        """Refuse who waits; accept again once there are descriptors."""
        for listening in self._sockets:
            self._refuse_waiting(listening)
        if not self._has_descriptors():
            self._pause = self._loop.call_later(PAUSE_SECONDS, self._look)
            return
        self._pause = None
        self._edge.paused = False
        if self._edge.offenders.may_tell("descriptors_back", ""):
            log.info("connections are accepted again", extra={"event": "descriptors_back"})
        self._resume()

    def _refuse_waiting(self, listening: socket.socket) -> None:
        for _ in range(REFUSALS):
            self._drop_reserve()
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            finally:
                self._take_reserve()
            refuse(connection, 503)
            self._take_reserve()

    def _has_descriptors(self) -> bool:
        """True if one is free besides the reserve."""
        self._take_reserve()
        if self._reserve is None:
            return False
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return False
        return True

    def _take_reserve(self) -> None:
        if self._reserve is None:
            try:
                self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                pass  # taken again at the next pause

    def _drop_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None


def peer_of(address: object) -> str:
    """Return the address of a peer as text; "" for a UNIX socket's."""
    return str(address[0]) if isinstance(address, tuple) else ""


def refuse(connection: socket.socket, status: int) -> None:
    """Answer a connection that has not been read from, and close it. It may not read the answer."""
    phrase = {429: "Too Many Requests", 503: "Service Unavailable"}[status]
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nRetry-After: {FULL_RETRY_SECONDS}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    with connection:
        connection.setblocking(False)
        try:
            connection.send(head.encode())
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)  # what is left unread would turn the end into a reset
        except OSError:
            pass
