"""Gap recovery: entries lost by the broadcast are read from the log and delivered to the members."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Page
from tornchat.rooms.room import Gap, PositionLost, Room
from tornchat.tasks import Tasks

log = logging.getLogger("tornchat.repair")

WAIT_FOR_BUS = 0.05
"""Seconds to wait for a late broadcast payload before the log is read."""
PAGE_ENTRIES = 1000
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)


class Gone(Exception):
    """The room no longer exists."""


class WentBack(Exception):
    """The head of the log is behind the entries already sent to the room's members."""


class Recovery:
    """Runs at most one recovery per room. A request during a recovery makes it read the log once more."""

    def __init__(
        self,
        hooks: Hooks,
        tasks: Tasks,
        on_lost: Callable[[Room], None],
        on_gone: Callable[[Room], None],
        on_went_back: Callable[[Room], Awaitable[None]],
    ) -> None:
        self._hooks = hooks
        self._tasks = tasks
        self._on_lost = on_lost
        self._on_gone = on_gone
        self._on_went_back = on_went_back
        self._asked: dict[str, bool] = {}
        self.repaired = 0
        """Number of entries read from the log instead of received by broadcast."""
        self.gaps = 0
        """Number of gaps found. A gap found several times before it is closed counts once."""

    def found(self, room: Room) -> None:
        """Count a gap in `room` and start its recovery."""
        self.gaps += room.info.name not in self._asked
        self.start(room)

    def start(self, room: Room) -> None:
        """Start a recovery that brings `room` to the head of its log."""
        running = room.info.name in self._asked
        self._asked[room.info.name] = running
        if not running:
            self._tasks.start(self._run(room), f"repair {room.info.name}")

    async def _run(self, room: Room) -> None:
        name = room.info.name
        try:
            await asyncio.sleep(WAIT_FOR_BUS)
            while not await self._read_once(room) or self._asked[name] or room.missing():
                self._asked[name] = False
        except PositionLost:
            self._on_lost(room)
        except Gone:
            self._on_gone(room)
        except WentBack:
            await self._on_went_back(room)
        finally:
            del self._asked[name]

    async def _read_once(self, room: Room) -> bool:
        """Read one page and accept it; return True if the room is then at the head of the log."""
        before, held = room.seq, room.held()
        page = await self._read(room)
        if page is None:
            raise Gone
        if page.epoch != room.info.epoch or page.first_seq > room.seq + 1:
            raise PositionLost
        if page.head_seq < before:
            raise WentBack
        # An entry held before the read whose seq is beyond the head of the log is not from this log.
        room.drop(seq for seq in held if seq > page.head_seq)
        try:
            room.accept(page.epoch, page.entries)
        except Gap:
            pass
        self.repaired += room.seq - before
        if room.seq > before:
            facts = {"event": "gap_repaired", "room": room.info.name, "entries": room.seq - before}
            log.info("room %(room)s: %(entries)d missing entries were read from the log", facts, extra=facts)
        return room.seq >= page.head_seq

    async def _read(self, room: Room) -> Page | None:
        attempt = 0
        while True:
            try:
                return await self._hooks.read_history(room.info.name, room.seq, None, PAGE_ENTRIES)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
