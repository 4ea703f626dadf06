"""The rooms in which one consumer has something to take, and those where it is taking."""

from __future__ import annotations

import time
from itertools import islice

from tornchat.hooks.consumer import Consumer

MOST_AT_ONCE = 16
"""Rooms in which a consumer takes at the same time."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
"""Seconds between two attempts in a room where the consumer fails."""


class RoomQueue:
    """The rooms of one consumer while this node holds it.

    A room waits, or is busy, or rests after a failure; a busy or resting room may also wait for afterwards.
    """

    def __init__(self, plugin: str, consumer: Consumer) -> None:
        self.plugin = plugin
        self.consumer = consumer
        self.held_until = 0.0
        """When the lease ends (`monotonic`, seconds)."""
        self._waiting: dict[str, float] = {}
        """Room -> since when (Unix seconds) something waits there."""
        self._busy: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._names = None if consumer.rooms == "*" else frozenset(consumer.rooms)

    def add(self, room: str) -> None:
        """Let a room wait in which there may be something to take."""
        if (self._names is None or room in self._names) and room not in self._waiting:
            self._waiting[room] = time.time()

    def ready(self) -> list[str]:
        """Return the rooms to be read now, the longest waiting first."""
        free = MOST_AT_ONCE - len(self._busy)
        idle = (room for room in self._waiting if room not in self._busy and room not in self._resting)
        return list(islice(idle, max(free, 0)))

    def looked(self, room: str) -> float:
        """Note that the room is being read; return since when it waited."""
        return self._waiting.pop(room, time.time())

    def begin(self, room: str, since: float) -> None:
        """Note that the consumer takes entries of the room that have waited since then."""
        self._busy[room] = since

    def end(self, room: str, more: bool) -> None:
        """Note that the consumer has taken the entries. `more`: there are others behind them."""
        self._busy.pop(room, None)
        self._failures.pop(room, None)
        if more:
            self.add(room)

    def fail(self, room: str) -> float:
        """Note that the consumer has failed; return the seconds after which to call `rested`."""
        count = self._failures[room] = self._failures.get(room, 0) + 1
        since = self._busy.pop(room, time.time())
        self._resting[room] = self._waiting[room] = since
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(count - 1, 16))

    def rested(self, room: str) -> None:
        """End the rest of a room after a failure."""
        self._resting.pop(room, None)

    @property
    def failing(self) -> int:
        """Number of rooms where the consumer rests after a failure."""
        return len(self._resting)

    @property
    def lag(self) -> float:
        """Seconds for which the longest waiting entry has waited on this node; 0 if none waits."""
        since = min([*self._waiting.values(), *self._busy.values()], default=None)
        return 0.0 if since is None else max(0.0, time.time() - since)
