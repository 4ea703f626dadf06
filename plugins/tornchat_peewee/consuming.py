"""The hooks for durable consumers, which run their queries in worker threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tornchat import ConsumerClaim, ConsumerState, Cursor, CursorMove, Unread, hookimpl
from tornchat_peewee.opened import Opened


class ConsumingHooks(Opened):
    """The hooks of the role `cursors`."""

    @hookimpl
    async def hold_consumers(
        self, holder: str, claims: Sequence[ConsumerClaim], seconds: float
    ) -> Sequence[str]:
        hold = self._opened().consumers.hold
        return await self._write(partial(hold, holder=holder, claims=claims, seconds=seconds))

    @hookimpl
    async def find_unread(self, consumers: Sequence[str], after: str | None, limit: int) -> Sequence[str]:
        find = self._opened().consumers.find
        return await self._read(partial(find, consumers=consumers, after=after, limit=limit))

    @hookimpl
    async def read_unread(self, wanted: Mapping[str, Sequence[str]], limit: int) -> Sequence[Unread]:
        return await self._read(partial(self._opened().consumers.read, wanted=wanted, limit=limit))

    @hookimpl
    async def move_cursors(self, holder: str, moves: Sequence[CursorMove]) -> None:
        await self._write(partial(self._opened().consumers.move, holder=holder, moves=moves))

    @hookimpl
    async def read_consumers(self) -> Sequence[ConsumerState]:
        return await self._read(self._opened().consumers.states)

    @hookimpl
    async def read_cursors(self, consumer: str, after: str | None, limit: int) -> Sequence[Cursor]:
        read = self._opened().consumers.cursors
        return await self._read(partial(read, consumer=consumer, after=after, limit=limit))

    @hookimpl
    async def set_cursors(self, consumer: str, room: str | None, seq: int | None) -> int:
        return await self._write(partial(self._opened().consumers.set, consumer=consumer, room=room, seq=seq))
