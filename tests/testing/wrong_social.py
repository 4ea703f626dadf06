"""Deliberately wrong plugins of blocks, reports and slow mode: each breaks one promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tests.testing.memory import Log
from tests.testing.memory_managing import MemoryManaging
from tornchat import Draft, Entry, Report, ReportState, User, hookimpl

# --- blocks ----------------------------------------------------------------------------------------------


class SharesOneList(MemoryManaging):
    @hookimpl
    def read_blocks(self) -> Sequence[str]:
        return sorted({blocked for mine in self.blocks.values() for blocked in mine})


class BlocksWithoutEnd(MemoryManaging):
    @hookimpl
    def set_block(self, user_id: str, blocked_id: str) -> bool:
        return super().set_block(user_id, blocked_id, 1_000_000)


class RefusesRepeats(MemoryManaging):
    @hookimpl
    def set_block(self, user_id: str, blocked_id: str, limit: int) -> bool:
        return len(self.blocks.get(user_id, ())) < limit and super().set_block(user_id, blocked_id, limit)


class LiftsAllBlocks(MemoryManaging):
    @hookimpl
    def lift_block(self, user_id: str, blocked_id: str) -> bool:
        return bool(self.blocks.pop(user_id, None))


class FindsTheBlocked(MemoryManaging):
    @hookimpl
    def find_blockers(self, blocked_id: str, among: Sequence[str]) -> Sequence[str]:
        return [user_id for user_id in among if user_id in self.blocks.get(blocked_id, ())]


class KeepsBlocksInMemory(MemoryManaging):
    @hookimpl
    def startup(self) -> None:
        self.blocks.clear()


# --- reports ---------------------------------------------------------------------------------------------


class ReportsWithoutTheMessage(MemoryManaging):
    def with_message(self, report: Report) -> Report | None:
        return report


class KeepsTheLastReport(MemoryManaging):
    @hookimpl
    def store_report(self, report: Report) -> bool | None:
        self.reports.pop((report.room, report.seq, report.reporter), None)
        return super().store_report(report)


class ReportsAnything(MemoryManaging):
    @hookimpl
    def store_report(self, report: Report) -> bool | None:
        done = super().store_report(report)
        return True if done is None else done


class ForgetsTheState(MemoryManaging):
    @hookimpl
    def read_reports(
        self, user: User, room: str | None, user_id: str | None, before: int | None, limit: int
    ) -> Sequence[Report]:
        return super().read_reports(user, room, None, user_id, before, limit)


class ShowsAllReports(MemoryManaging):
    @hookimpl
    def read_reports(
        self,
        room: str | None,
        state: ReportState | None,
        user_id: str | None,
        before: int | None,
        limit: int,
    ) -> Sequence[Report]:
        admin = User("", "", frozenset({"admin"}))
        return super().read_reports(admin, room, state, user_id, before, limit)


class ClosesByIdOnly(MemoryManaging):
    @hookimpl
    def close_report(self, report_id: int, state: ReportState, closed_by: str) -> bool:
        rooms = [one.room for one in self.reports.values() if one.id == report_id]
        return bool(rooms) and super().close_report(rooms[0], report_id, state, closed_by)


class KeepsReportsInMemory(MemoryManaging):
    @hookimpl
    def startup(self) -> None:
        self.reports.clear()


# --- slow mode -------------------------------------------------------------------------------------------


class SlowsAllRooms(MemoryManaging):
    @hookimpl
    def read_slow_modes(self, rooms: Sequence[str]) -> Mapping[str, int]:
        return dict.fromkeys(rooms, 30)


class SlowsAnything(MemoryManaging):
    @hookimpl
    def set_slow_mode(self, room: str, seconds: int) -> bool:
        super().set_slow_mode(room, seconds)
        return True


class ReadsTheOldestMessages(MemoryManaging):
    @hookimpl
    def read_latest_messages(self, room: str, user_id: str, after_ms: int, limit: int) -> Sequence[Entry]:
        return super().read_latest_messages(room, user_id, after_ms, 1000)[::-1][:limit]


class ReadsMessagesOfAll(MemoryManaging):
    @hookimpl
    def read_latest_messages(self, room: str, after_ms: int, limit: int) -> Sequence[Entry]:
        entries = self.disk[room].entries if room in self.disk else []
        return [one for one in reversed(entries) if one.kind == "message" and one.sent_at > after_ms][:limit]


class SpacesNoMessages(MemoryManaging):
    def early(self, log: Log, draft: Draft) -> int:
        return 0


class ForgetsSlowMode(MemoryManaging):
    @hookimpl
    def startup(self) -> None:
        for log in self.rooms().values():
            log.info = replace(log.info, slow_seconds=0)
