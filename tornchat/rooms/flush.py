"""One flush per turn of the loop, for all rooms with news; large rooms are served in slices."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from time import monotonic

from tornchat.metrics.histogram import LATENCIES, Histogram
from tornchat.rooms.room import Room

SLICE_MEMBERS = 512


class Flush:
    """Gathers the rooms that have news in this turn of the loop and flushes them at its end.

    After `SLICE_MEMBERS` writes it gives the loop to others and goes on in the next turn, so that a
    room of thousands holds nobody up.
    """

    def __init__(self) -> None:
        """On the running loop."""
        self._loop = asyncio.get_running_loop()
        self._rooms: OrderedDict[Room, None] = OrderedDict()
        self._scheduled = False
        self._since: float | None = None
        self.seconds = Histogram(LATENCIES)
        """From the arrival of a commit's first message until the last member was written to."""

    @property
    def unfinished(self) -> bool:
        """True while a flush has begun and goes on in a later turn of the loop."""
        return bool(self._rooms)

    def brings(self, arrived: float) -> None:
        """What is flushed next is a commit, whose first message arrived then (`monotonic`, seconds)."""
        if self._since is None:
            self._since = arrived

    def news(self, room: Room) -> None:
        """`room` has something to flush."""
        self._rooms[room] = None
        self._schedule()

    def _run(self) -> None:
        self._scheduled = False
        self.end()

    def end(self) -> None:
        """Flush now what there is: for who has just brought a whole turn's news."""
        budget = SLICE_MEMBERS
        try:
            while self._rooms and budget > 0:
                room, _ = self._rooms.popitem(last=False)
                room.rearm(self.news)
                budget = room.flush(budget)
                if budget == 0:  # to the end of the line: the others come first now
                    self.news(room)
            if self._since is not None and not self._rooms:
                self.seconds.observe(monotonic() - self._since)
                self._since = None
        finally:  # one room that fails must not leave the others waiting for their next news
            if self._rooms:
                self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)
