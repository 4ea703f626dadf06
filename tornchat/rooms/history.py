"""The history sent to a new session: the usual history, or what came after a requested position."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple
from weakref import WeakValueDictionary

from tornchat.errors import ROOM_NOT_FOUND, Closed, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Changed, Entry, Page, Position
from tornchat.rooms.room import Gap, Room
from tornchat.rooms.stream import Stream
from tornchat.wire import Dialect

PAGE_ENTRIES = 500
MOST_BYTES = 1024 * 1024
"""Maximum size of the usual history, which has at least one message."""
EVERYTHING = 2**53
"""In place of a limit that is 0."""


class Plan(NamedTuple):
    """What to send: what came after `since`, or the usual history (None)."""

    since: int | None

    @property
    def recovered(self) -> bool:
        """True if the session gets all that it missed."""
        return self.since is not None


class History:
    """Plans, encodes and reads histories. They end with the frame `caught_up`."""

    def __init__(self, hooks: Hooks, history_limit: int, resume_messages: int) -> None:
        self._hooks = hooks
        self._history_limit = history_limit
        self.resume_messages = resume_messages
        """The maximum number of missed and changed messages that a session resumes with; 0: no limit."""
        self._recalls: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def plan(self, room: Room, since: Position | None) -> Plan:
        """Return what to send to a session that asks for all that came after `since` (None: usual history).

        `recovered` is True only if the plan covers all of it. Raises `Unavailable`, and `Closed`
        (4000) if storage no longer has the room.
        """
        if since is None or since.epoch != room.info.epoch:
            return Plan(None)
        if since.seq > room.seq:
            await self._catch_up(room, since.seq)
        if since.seq > room.seq:
            return Plan(None)
        if room.tail.may_cover(since.seq):
            await self._recall(room, since.seq)
        if room.tail.covers(since.seq) and room.seq - since.seq <= self._most:
            return Plan(since.seq)
        changed = await self._changed(room, since.seq)
        there = since.seq >= changed.first_seq - 1 and changed.epoch == since.epoch
        return Plan(since.seq if there and changed.count + len(changed.messages) <= self._most else None)

    @staticmethod
    def still_there(room: Room, plan: Plan) -> Plan:
        """Return the plan as it is after an await: what it needs may have been pruned meanwhile."""
        pruned = plan.since is not None and room.first_seq > plan.since + 1
        return Plan(None) if pruned else plan

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

    async def _recall(self, room: Room, since: int) -> None:
        """Read the acting entries after `since` into the tail, once for all who resume at the same time."""
        name, tail = room.info.name, room.tail
        lock = self._recalls.get(name) or self._recalls.setdefault(name, asyncio.Lock())
        async with lock:
            known = tail.acts_since
            if not tail.may_cover(since):
                return
            page = await self._hooks.read_history(name, None, known + 1, known - since)
            there = page is not None and page.epoch == room.info.epoch and page.first_seq <= since + 1
            if page is not None and there and tail.acts_since == known:
                tail.precede([entry for entry in page.entries if entry.target is not None], since)

    async def _page(self, room: Room, after: int) -> Page:
        page = await self._hooks.read_history(room.info.name, after, None, PAGE_ENTRIES)
        if page is None:
            raise Closed(ROOM_NOT_FOUND, "room not found")
        return page

    async def _changed(self, room: Room, since: int) -> Changed:
        changed = await self._hooks.read_changed(room.info.name, since, self._most + 1)
        if changed is None:
            raise Closed(ROOM_NOT_FOUND, "room not found")
        return changed

    @property
    def _most(self) -> int:
        return self.resume_messages or EVERYTHING

    # --- what the tail has ---

    def at_once(self, room: Room, stream: Stream, plan: Plan) -> bytes | None:
        """Return the whole history, up to the cursor of a member who enters now; None if the tail lacks some.

        Then `older` reads it.
        """
        frames = self._usual(room, stream) if plan.since is None else stream.resumed(plan.since)
        return None if frames is None else frames + stream.dialect.caught_up(room.seq)

    def _usual(self, room: Room, stream: Stream) -> bytes | None:
        count, frames = stream.newest(self._history_limit, MOST_BYTES)
        there = len(room.tail.messages)
        whole = room.tail.messages_since < room.first_seq
        return frames if count < there or count >= self._history_limit or whole else None

    # --- what storage has ---

    async def older(self, room: Room, dialect: Dialect, plan: Plan, upto: int) -> AsyncIterator[bytes]:
        """Yield the planned history up to `upto` as joined frames, page by page.

        Raises `Unavailable`, and `Closed` (4000) if storage no longer has the room.
        """
        pages = (
            self._newest(room, dialect, upto)
            if plan.since is None
            else self._missed(room, dialect, plan, upto)
        )
        async for frames in pages:
            yield frames
        yield dialect.caught_up(upto)

    async def _newest(self, room: Room, dialect: Dialect, upto: int) -> AsyncIterator[bytes]:
        """Yield the usual history, which is read from its end."""
        newest: list[bytes] = []
        before, more = upto + 1, self._history_limit > 0
        while more:
            limit = min(PAGE_ENTRIES, self._history_limit - len(newest))
            page = await self._hooks.read_messages(room.info.name, None, before, None, None, limit)
            if page is None:
                raise Closed(ROOM_NOT_FOUND, "room not found")
            frames = [_frame(dialect, message, upto) for message in reversed(page.entries)]
            fits = _extend(newest, frames)
            more = fits and len(page.entries) == limit and len(newest) < self._history_limit
            before = page.entries[0].seq if page.entries else 0
        yield b"".join(reversed(newest))

    async def _missed(self, room: Room, dialect: Dialect, plan: Plan, upto: int) -> AsyncIterator[bytes]:
        """Yield messages and deletions in the order of the log, then the older messages that have changed."""
        since = after = plan.since or 0
        while after < upto:
            page = await self._page(room, after)
            entries = [entry for entry in page.entries if entry.seq <= upto]
            if not entries:
                raise Unavailable(f"room {room.info.name}: the log ends before {upto}")
            if entries[0].seq != after + 1:  # pruned in the meantime: a gap must not go unnoticed
                raise Unavailable(f"room {room.info.name}: the log begins after {after + 1}")
            yield b"".join(_frame(dialect, entry, upto) for entry in entries if _is_told(entry))
            after = entries[-1].seq
        changed = await self._changed(room, since)
        yield b"".join(map(dialect.changed, changed.messages))


def _extend(frames: list[bytes], more: list[bytes]) -> bool:
    """Append frames until they have `MOST_BYTES`; return whether all fit. The first one always does."""
    size = sum(map(len, frames))
    for frame in more:
        size += len(frame)
        if frames and size > MOST_BYTES:
            return False
        frames.append(frame)
    return True


def _frame(dialect: Dialect, entry: Entry, upto: int) -> bytes:
    """Return the frame of an entry in a history up to `upto`.

    A dialect that tells a streamed message when it is closed does so live if that was later.
    """
    closed = entry.more.closed if entry.more is not None else 0
    return b"" if closed > upto and not dialect.streams else dialect.entry(entry)


def _is_told(entry: Entry) -> bool:
    """Return whether a resume tells an entry as it is: a message or a deletion."""
    return entry.target is None or entry.empties
