"""The history sent to a new session: the default history, or all entries after a requested position."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Page, Position
from tornchat.rooms.room import Gap, Room
from tornchat.wire import Dialect

PAGE_ENTRIES = 500


class Plan(NamedTuple):
    """What to send: the log from after `after` up to the cursor. `early` is a page already read from it."""

    after: int
    recovered: bool
    early: Page | None = None


class History:
    """Plans and reads histories. Entries in the tail are never read from storage."""

    def __init__(self, hooks: Hooks, history_limit: int, resume_messages: int) -> None:
        self._hooks = hooks
        self._history_limit = history_limit
        self.resume_messages = resume_messages
        """The maximum number of missed messages that a session resumes with."""

    async def plan(self, room: Room, since: Position | None) -> Plan:
        """Return what to send to a session that asks for all entries after `since` (None: default history).

        `recovered` is True only if the plan covers all entries after `since`. Raises `Unavailable`.
        """
        if since is not None and since.epoch == room.info.epoch and since.seq > room.seq:
            await self._catch_up(room, since.seq)
        if since is not None and self._may_resume(room, since):
            if room.tail_after(since.seq) is not None:
                return Plan(since.seq, True)
            page = await self._page(room, since.seq)
            if since.seq >= page.first_seq - 1 and page.epoch == since.epoch:
                return Plan(since.seq, True, page)
        return await self._usual(room)

    async def _catch_up(self, room: Room, seq: int) -> None:
        """Bring the room to `seq` if the log reaches so far.

        The client has heard from another node what the bus has not brought here yet, and never brings if
        that node ended between telling its own members and publishing.
        """
        while room.seq < seq:
            page = await self._page(room, room.seq)
            before = room.seq
            if page.epoch != room.info.epoch or page.head_seq < seq:
                return
            try:
                room.accept(page.epoch, page.entries)
            except Gap:
                pass  # what is still held has its own repair
            if room.seq == before:
                return

    def _may_resume(self, room: Room, since: Position) -> bool:
        behind = room.seq - since.seq
        fits = not self.resume_messages or behind <= self.resume_messages
        return since.epoch == room.info.epoch and behind >= 0 and fits

    async def _usual(self, room: Room) -> Plan:
        after = max(room.first_seq - 1, room.seq - self._history_limit)
        if room.tail_after(after) is not None:
            return Plan(after, False)
        page = await self._page(room, after)
        return Plan(max(after, page.first_seq - 1), False, page)

    async def _page(self, room: Room, after: int) -> Page:
        page = await self._hooks.read_history(room.info.name, after, None, PAGE_ENTRIES)
        if page is None:
            raise Unavailable(f"room {room.info.name} is gone")
        return page

    async def older(self, room: Room, dialect: Dialect, plan: Plan, upto: int) -> AsyncIterator[bytes]:
        """Yield the planned entries up to `upto` that are not in the tail, as joined frames, page by page.

        Raises `Unavailable`.
        """
        page, after = plan.early, plan.after
        while after < upto:
            page = page or await self._page(room, after)
            entries = [entry for entry in page.entries if entry.seq <= upto]
            if not entries:
                raise Unavailable(f"room {room.info.name}: the log ends before {upto}")
            if entries[0].seq != after + 1:  # pruned in the meantime: a gap must not go unnoticed
                raise Unavailable(f"room {room.info.name}: the log begins after {after + 1}")
            yield b"".join(map(dialect.entry, entries))
            page, after = None, entries[-1].seq
