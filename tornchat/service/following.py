"""Following a room from code in the process: its log, live and without gaps, at the reader's pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from weakref import WeakSet

from tornchat.errors import ChatError, PositionLost, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Entry, Position, RoomInfo
from tornchat.rooms.registry import Registry

LOOK_SECONDS = 3.0
"""Interval at which the log is read even if nothing was heard: news of other nodes may be lost."""
MOST_ENTRIES = 200

See = Callable[[], Awaitable[RoomInfo]]
"""Returns the room if the reader may read it now. Raises `ChatError`."""


class _Ear:
    """Somebody who waits for news of one room."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.news = asyncio.Event()


class Following:
    """Those who follow rooms on this node."""

    def __init__(self, hooks: Hooks, rooms: Registry, alone: bool) -> None:
        """`alone`: no other node stores anything, so that rooms need not be loaded to hear of it."""
        self._hooks = hooks
        self._rooms = rooms
        self._alone = alone
        self._ears: dict[str, WeakSet[_Ear]] = {}
        self._closed = False

    def heard(self, room: str) -> None:
        """Wake those who follow the room."""
        for ear in self._ears.get(room, ()):
            ear.news.set()

    def close(self) -> None:
        """Let everybody who follows a room get `Unavailable`."""
        self._closed = True
        for room in list(self._ears):
            self.heard(room)

    async def follow(self, room: str, see: See, after: Position | None) -> AsyncIterator[Entry]:
        """Yield the entries behind `after`, or from now on if it is None, for ever.

        Raises `PositionLost`, `ChatError` (`room_not_found`) and `Unavailable`.
        """
        ear = _Ear(room)
        self._ears.setdefault(room, WeakSet()).add(ear)
        try:
            position = after or await self._head(room, see)
            while True:
                ear.news.clear()
                entries = await self._read(room, see, position)
                for entry in entries:
                    yield entry
                    position = Position(position.epoch, entry.seq)
                if not entries:
                    await self._wait(ear)
        finally:
            self._forget(ear)

    def _forget(self, ear: _Ear) -> None:
        ears = self._ears.get(ear.room)
        if ears is not None:
            ears.discard(ear)
            if not ears:
                del self._ears[ear.room]

    async def _head(self, room: str, see: See) -> Position:
        await see()
        found = (await self._hooks.latest_positions([room])).get(room)
        if found is None:
            raise ChatError("room_not_found")
        return found

    async def _read(self, room: str, see: See, position: Position) -> tuple[Entry, ...]:
        if self._closed:
            raise Unavailable("the chat does not run")
        info = await see()
        if not self._alone:
            await self._rooms.load(info)  # so that what other nodes store is heard
        page = await self._hooks.read_history(room, position.seq, None, MOST_ENTRIES)
        if page is None:
            raise ChatError("room_not_found")
        if page.epoch != position.epoch or position.seq > page.head_seq:
            raise PositionLost(f"The log of the room {room} is not the one that was followed.")
        if position.seq < page.first_seq - 1:
            raise PositionLost(f"Entries of the room {room} behind {position.seq} were pruned.")
        return page.entries

    @staticmethod
    async def _wait(ear: _Ear) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await ear.news.wait()
        except TimeoutError:
            pass
