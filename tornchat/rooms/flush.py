"""Flushes all rooms with new frames once per event loop iteration; large rooms are served in slices."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic

from tornchat.metrics.histogram import LATENCIES, Histogram
from tornchat.rooms.gathering import Gathering
from tornchat.rooms.room import Room

SLICE_MEMBERS = 512


class Flush:
    """Collects the rooms that have new frames in this loop iteration and flushes them at its end.

    After `SLICE_MEMBERS` writes it yields to the loop and continues in the next iteration, so that a room
    with thousands of members does not delay other work.
    """

    def __init__(self) -> None:
        """Must be called while the event loop is running."""
        self._loop = asyncio.get_running_loop()
        self._rooms: deque[Room] = deque()
        self._scheduled = False
        self._since: float | None = None
        self.gathering = Gathering()
        self.seconds = Histogram(LATENCIES)
        """Seconds from the arrival of a commit's first message until all members have been written to."""

    @property
    def unfinished(self) -> bool:
        """True while a flush continues in a later iteration of the event loop."""
        return bool(self._rooms)

    def brings(self, arrived: float) -> None:
        """Record that the next flush has a commit whose first message arrived at `arrived` (`monotonic`)."""
        if self._since is None:
            self._since = arrived

    def add(self, room: Room) -> None:
        """Schedule `room` for the next flush. The caller checks that it is not `queued` yet."""
        room.queued = True
        self._rooms.append(room)
        self._schedule()

    def hold(self) -> None:
        """Schedule nothing for the rooms added from now on, since the caller calls `end` at once."""
        self._scheduled = True

    def end(self) -> None:
        """Flush now instead of at the end of the iteration, up to `SLICE_MEMBERS` writes."""
        budget = SLICE_MEMBERS
        self._scheduled = True  # what is added meanwhile is flushed here
        try:
            while self._rooms and budget > 0:
                room = self._rooms.popleft()
                room.queued = False
                budget = room.flush(budget)
                if budget == 0 and not room.queued:  # to the end of the queue: other rooms are served first
                    self.add(room)
            self.gathering.end()
            if self._since is not None and not self._rooms:
                self.seconds.observe(monotonic() - self._since)
                self._since = None
        finally:  # a room that fails must not delay the others until their next frame
            self._scheduled = False
            if self._rooms:
                self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.end)
