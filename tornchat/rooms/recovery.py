"""Gap repair: what the broadcast lost is read from the log, without disturbing anybody."""

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
"""Seconds that a late payload gets to arrive by itself before the log is read."""
PAGE_ENTRIES = 1000
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)


class Gone(Exception):
    """The room is not there any more."""


class WentBack(Exception):
    """The log ends before what the room's members were shown."""


class Recovery:
    """At most one repair per room; what is asked for meanwhile makes it go round once more."""

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
        """Entries that came from the log instead of the bus."""
        self.gaps = 0
        """How often entries were found missing; several finds of one gap before it is closed are one."""

    def found(self, room: Room) -> None:
        """Entries are missing in `room`: bring it to the head of its log."""
        self.gaps += room.info.name not in self._asked
        self.start(room)

    def start(self, room: Room) -> None:
        """Bring `room` to the head of its log."""
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
        """Read one page; True if the room is at the head of the log then."""
        before, held = room.seq, room.held()
        page = await self._read(room)
        if page is None:
            raise Gone
        if page.epoch != room.info.epoch or page.first_seq > room.seq + 1:
            raise PositionLost
        if page.head_seq < before:
            raise WentBack
        # What was held before the log was read and is not in it did not come from there.
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
