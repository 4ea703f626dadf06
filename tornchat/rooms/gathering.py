"""Gathers the writes to connections that have several sessions: one system call per connection and flush."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tornchat.wire.rooms import RoomFrames

CHECK_SECONDS = 0.02
"""Minimum seconds between two looks at the backlogs, which walk through all rooms of a connection."""


class Gatherer(Protocol):
    """A connection with several sessions."""

    def write_gathered(self) -> None:
        """Write what was gathered since the last call."""

    def check_backlog(self) -> None:
        """End the connection if all its sessions together are too far behind."""


class Gathering:
    """The connections with gathered frames, and those with sessions that are behind.

    `Flush` writes them when it has served its rooms. Frames that are gathered outside of a flush are written
    in the next iteration of the event loop.
    """

    def __init__(self) -> None:
        """Must be called while the event loop is running."""
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Gatherer] = []
        self._scheduled = False
        self._checked = 0.0
        self.behind: set[Gatherer] = set()
        """Connections that have sessions with unsent frames."""
        self.converted: list[RoomFrames] = []
        """Those that keep a chunk until the writes are done."""

    def add(self, connection: Gatherer) -> None:
        """Have the connection write. The caller calls it once until `write_gathered` is called."""
        self._waiting.append(connection)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        self._scheduled = False
        self.end()

    def end(self) -> None:
        """Write now, and look for connections that are too far behind."""
        while self._waiting:
            self._waiting.pop().write_gathered()
        while self.converted:
            self.converted.pop().forget()
        if self.behind and self._loop.time() - self._checked > CHECK_SECONDS:
            for connection in list(self.behind):
                connection.check_backlog()
            self._checked = self._loop.time()
