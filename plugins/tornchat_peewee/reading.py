"""The hooks for how far users have read and what mentions them, which run their queries in worker threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tornchat import InboxEntry, Marker, ReadRoom, ReadState, hookimpl
from tornchat_peewee.opened import Opened


class ReadingHooks(Opened):
    """The hooks of the role `markers`."""

    @hookimpl
    async def store_markers(self, markers: Sequence[Marker]) -> Sequence[Marker]:
        return await self._write(partial(self._opened().readings.store, markers=markers))

    @hookimpl
    async def read_markers(self, wanted: Mapping[str, Sequence[str]]) -> Sequence[ReadState]:
        return await self._read(partial(self._opened().readings.read, wanted=wanted))

    @hookimpl
    async def read_rooms_of(self, user_id: str, after: str | None, limit: int) -> Sequence[ReadRoom]:
        rooms = self._opened().readings.rooms
        return await self._read(partial(rooms, user_id=user_id, after=after, limit=limit))

    @hookimpl
    async def read_inbox(self, user_id: str, before: int | None, limit: int) -> Sequence[InboxEntry]:
        read = self._opened().inbox.read
        return await self._read(partial(read, user_id=user_id, before=before, limit=limit))
