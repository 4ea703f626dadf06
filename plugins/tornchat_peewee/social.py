"""The hooks for blocks, reports and slow mode, which run their queries in worker threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tornchat import Entry, Report, ReportState, User, hookimpl
from tornchat_peewee.opened import Opened


class SocialHooks(Opened):
    """The hooks about what users do not want to see or hear too often."""

    # --- blocks ---

    @hookimpl
    async def read_blocks(self, user_id: str) -> Sequence[str]:
        return await self._read(partial(self._opened().blocks.read, user_id=user_id))

    @hookimpl
    async def set_block(self, user_id: str, blocked_id: str, limit: int) -> bool:
        block = self._opened().blocks.set
        return await self._write(partial(block, user_id=user_id, blocked_id=blocked_id, limit=limit))

    @hookimpl
    async def lift_block(self, user_id: str, blocked_id: str) -> bool:
        lift = self._opened().blocks.lift
        return await self._write(partial(lift, user_id=user_id, blocked_id=blocked_id))

    @hookimpl
    async def find_blockers(self, blocked_id: str, among: Sequence[str]) -> Sequence[str]:
        return await self._read(partial(self._opened().blocks.find, blocked_id=blocked_id, among=among))

    # --- reports ---

    @hookimpl
    async def store_report(self, report: Report) -> bool | None:
        return await self._write(partial(self._opened().reports.store, given=report))

    @hookimpl
    async def read_reports(
        self,
        user: User,
        room: str | None,
        state: ReportState | None,
        user_id: str | None,
        before: int | None,
        limit: int,
    ) -> Sequence[Report]:
        read = partial(self._opened().reports.read, user=user, room=room, state=state, user_id=user_id)
        return await self._read(partial(read, before=before, limit=limit))

    @hookimpl
    async def close_report(self, room: str, report_id: int, state: ReportState, closed_by: str) -> bool:
        close = self._opened().reports.close
        return await self._write(
            partial(close, room=room, report_id=report_id, state=state, closed_by=closed_by)
        )

    # --- slow mode ---

    @hookimpl
    async def set_slow_mode(self, room: str, seconds: int) -> bool:
        return await self._write(partial(self._opened().slow.set, name=room, seconds=seconds))

    @hookimpl
    async def read_slow_modes(self, rooms: Sequence[str]) -> Mapping[str, int]:
        return await self._read(partial(self._opened().slow.read, rooms=rooms))

    @hookimpl
    async def read_latest_messages(
        self, room: str, user_id: str, after_ms: int, limit: int
    ) -> Sequence[Entry]:
        latest = partial(self._opened().slow.latest, name=room, user_id=user_id)
        return await self._read(partial(latest, after_ms=after_ms, limit=limit))
