"""Gap recovery: entries lost by the broadcast are read from the log and delivered to the members."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Entry, Page
from tornchat.rooms.room import Gap, Room

OnRead: TypeAlias = Callable[[Sequence[Entry]], None]

log = logging.getLogger("tornchat.repair")

WAIT_FOR_BUS = 0.05
"""Seconds to wait for a late broadcast payload before the log is read."""
PAGE_ENTRIES = 1000
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)
MOST_EMPTY_READS = 8
"""Reads without progress, about 5 seconds, after which a log that reports more entries is given up."""


class Verdict(Enum):
    """The state of a room after a recovery."""

    CAUGHT_UP = "caught up"
    """The room is at the head of its log."""
    LOST = "lost"
    """The log is not the one that the members received, or its missing entries can't be read."""
    GONE = "gone"
    """The room no longer exists."""
    WENT_BACK = "went back"
    """The head of the log is behind entries that the members have received."""


class Recovery:
    """Brings a room to the head of its log."""

    def __init__(self, hooks: Hooks, on_read: OnRead) -> None:
        """`on_read` is given the entries that were read from the log."""
        self._hooks = hooks
        self._on_read = on_read
        self.repaired = 0
        """Number of entries read from the log instead of received by broadcast."""

    async def run(self, room: Room) -> Verdict:
        """Read the log from the room's position until its head. Waits while storage is unavailable.

        If storage reports a newer head but returns no entries, it is asked again with growing pauses, and
        after `MOST_EMPTY_READS` the verdict is `LOST`.
        """
        await asyncio.sleep(WAIT_FOR_BUS)
        empty = 0
        while True:
            before = room.seq
            verdict = await self._read_once(room)
            if verdict is not None and not (verdict is Verdict.CAUGHT_UP and room.missing()):
                return verdict
            empty = 0 if room.seq > before else empty + 1
            if verdict is None and empty >= MOST_EMPTY_READS:
                return _unreadable(room)
            if empty:
                await asyncio.sleep(_pause(empty))

    async def _read_once(self, room: Room) -> Verdict | None:
        """Read and accept one page; None if the log has further entries."""
        before, held = room.seq, room.held()
        page = await self._read(room)
        if page is None:
            return Verdict.GONE
        if page.epoch != room.info.epoch or page.first_seq > room.seq + 1:
            return Verdict.LOST
        if page.head_seq < before:
            return Verdict.WENT_BACK
        # An entry held before the read whose seq is beyond the head of the log is not from this log.
        room.drop(seq for seq in held if seq > page.head_seq)
        try:
            room.accept(page.epoch, page.entries)
        except Gap:
            pass
        self._on_read([entry for entry in page.entries if entry.seq > before])
        self._note(room, room.seq - before)
        return Verdict.CAUGHT_UP if room.seq >= page.head_seq else None

    def _note(self, room: Room, entries: int) -> None:
        self.repaired += entries
        if entries:
            facts = {"event": "gap_repaired", "room": room.info.logged, "entries": entries}
            log.info("room %(room)s: %(entries)d missing entries were read from the log", facts, extra=facts)

    async def _read(self, room: Room) -> Page | None:
        attempt = 0
        while True:
            try:
                return await self._hooks.read_history(room.info.name, room.seq, None, PAGE_ENTRIES)
            except Unavailable:
                attempt += 1
                await asyncio.sleep(_pause(attempt))


def _pause(attempt: int) -> float:
    """Return the seconds to wait after the given unsuccessful attempt (1, 2, ...)."""
    return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1]


def _unreadable(room: Room) -> Verdict:
    facts = {"event": "log_unreadable", "room": room.info.logged, "seq": room.seq}
    log.error(
        "room %(room)s: storage reports entries after %(seq)d but returns none; its members are closed",
        facts,
        extra=facts,
    )
    return Verdict.LOST
