"""Creation of rooms in groups: while one transaction runs, further requests gather for the next."""

from __future__ import annotations

import asyncio
from functools import partial

from tornchat import RoomInfo
from tornchat_peewee.rooms import NewRoom, RoomTable
from tornchat_peewee.workers import Workers

MOST = 100
"""Rooms per transaction, so that messages wait only briefly for it."""


class Creations:
    """Requests for new rooms, which share transactions as messages do. On the loop's thread."""

    def __init__(self, writer: Workers, rooms: RoomTable) -> None:
        self._writer = writer
        self._rooms = rooms
        self._waiting: list[tuple[NewRoom, asyncio.Future[RoomInfo | None]]] = []
        self._running = False

    def create(self, room: NewRoom) -> asyncio.Future[RoomInfo | None]:
        """Return the future room, as `RoomTable.create` does. The future may raise `NotStored`."""
        future: asyncio.Future[RoomInfo | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((room, future))
        if not self._running:
            self._begin()
        return future

    def _begin(self) -> None:
        self._waiting = [(room, future) for room, future in self._waiting if not future.done()]
        taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._running = bool(taken)
        if taken:
            wanted = [room for room, _ in taken]
            call = self._writer.run(partial(self._rooms.create, wanted=wanted))
            call.add_done_callback(partial(self._ended, [future for _, future in taken]))

    def _ended(
        self,
        futures: list[asyncio.Future[RoomInfo | None]],
        call: asyncio.Future[list[RoomInfo | None]],
    ) -> None:
        for number, future in enumerate(futures):
            if future.done():
                continue  # its caller has given up
            if call.cancelled():
                future.cancel()
            elif (error := call.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(call.result()[number])
        if not call.cancelled():
            call.exception()  # retrieved, also if all callers have given up
        self._begin()
