"""Deliberately wrong plugins of storage: each breaks one promise, as a tired author might."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence

import msgspec

from tests.testing.memory import Log, MemoryStorage, head
from tornchat import Draft, Entry, Page, Position, Refusal, RoomInfo, StoreResult, User, hookimpl


class SkipsASeq(MemoryStorage):
    def next_seq(self, log: Log) -> int:
        return head(log) + (2 if head(log) == 3 else 1)


class CountsAllRoomsTogether(MemoryStorage):
    def next_seq(self, log: Log) -> int:
        return sum(len(log.entries) for log in self.disk.values()) + 1


class IgnoresTheEpoch(MemoryStorage):
    def is_for(self, draft: Draft, log: Log) -> bool:
        return True


class StoresARepeatTwice(MemoryStorage):
    def first(self, log: Log, draft: Draft) -> Entry | None:
        return None


class KnowsNoRepeatInABatch(MemoryStorage):
    batch: Sequence[Draft] = ()

    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        self.batch = drafts
        return super().store_messages(drafts)

    def first(self, log: Log, draft: Draft) -> Entry | None:
        first = super().first(log, draft)
        fresh = [given.draft_id for given in self.batch]
        return None if first is None or first.draft_id in fresh else first


class SharesClientIds(MemoryStorage):
    def first(self, log: Log, draft: Draft) -> Entry | None:
        same = [entry for entry in log.entries if entry.client_id == draft.client_id is not None]
        return same[0] if same else None


class TakesAnyTextForARepeat(MemoryStorage):
    def first(self, log: Log, draft: Draft) -> Entry | None:
        first = super().first(log, draft)
        return first and msgspec.structs.replace(first, text=draft.text)


class DropsRefusals(MemoryStorage):
    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        return [result for result in super().store_messages(drafts) if not isinstance(result, Refusal)]


class RefusesTheWholeBatch(MemoryStorage):
    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        if any(draft.room not in self.disk for draft in drafts):
            return [Refusal("room_gone") for _ in drafts]
        return super().store_messages(drafts)


class SortsByRoom(MemoryStorage):
    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        return super().store_messages(sorted(drafts, key=lambda draft: draft.room))


class RemovesWhatIsDeleted(MemoryStorage):
    def blank(self, log: Log, target: int | None) -> None:
        if target is not None:
            del log.entries[target - 1]


class KeepsDeletedTexts(MemoryStorage):
    def blank(self, log: Log, target: int | None) -> None:
        pass


class StripsTexts(MemoryStorage):
    def place(self, draft: Draft) -> StoreResult:
        return super().place(msgspec.structs.replace(draft, text=draft.text.strip()))


class ForgetsAtShutdown(MemoryStorage):
    @hookimpl
    def shutdown(self) -> None:
        for log in self.disk.values():
            log.entries.clear()


class ReadsNewestFirst(MemoryStorage):
    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        page = super().page(log, after, before, limit)
        return msgspec.structs.replace(page, entries=page.entries[::-1])


class IncludesTheEntryAfter(MemoryStorage):
    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        return super().page(log, after and after - 1, before, limit)


class GivesTheOldestBefore(MemoryStorage):
    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        return super().page(log, 0 if after is None and before is not None else after, before, limit)


class ForgetsBeforeBesideAfter(MemoryStorage):
    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        return super().page(log, after, before if after is None else None, limit)


class GivesAConflictASeq(MemoryStorage):
    lost = 0

    def place(self, draft: Draft) -> StoreResult:
        result = super().place(draft)
        self.lost += result == Refusal("conflict")
        return result

    def next_seq(self, log: Log) -> int:
        return head(log) + 1 + self.lost


class RenewsNothing(MemoryStorage):
    @hookimpl
    def renew_epoch(self, room: str, epoch: str) -> None:
        pass


class RenewsInAnyCase(MemoryStorage):
    @hookimpl
    def renew_epoch(self, room: str, epoch: str) -> None:
        super().renew_epoch(room, self.disk[room].info.epoch)


class SaysTooLittleIsKept(MemoryStorage):
    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        page = super().page(log, after, before, limit)
        return msgspec.structs.replace(page, first_seq=page.entries[0].seq if page.entries else 1)


class DrawsANewEpochAtEachStart(MemoryStorage):
    @hookimpl
    def shutdown(self) -> None:
        for log in self.disk.values():
            log.info = msgspec.structs.replace(log.info, epoch=self.epoch())


class GivesAnEmptyPageForNoRoom(MemoryStorage):
    @hookimpl
    def read_history(self, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        return super().read_history(room, after, before, limit) or Page((), 1, 0, "")


class ReadsALittleLate(MemoryStorage):
    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        old = Log(log.info, log.entries[:-1])
        return super().page(old, after, before, limit)


class PutsUnknownRoomsAtZero(MemoryStorage):
    @hookimpl
    def latest_positions(self, rooms: Sequence[str]) -> dict[str, Position]:
        return dict.fromkeys(rooms, Position("", 0)) | super().latest_positions(rooms)


class PrunesTheNewest(MemoryStorage):
    def prune(self, log: Log, before_ms: int, limit: int) -> int:
        old = [entry for entry in log.entries if entry.sent_at < before_ms][-limit:]
        del log.entries[: len(old)]
        log.pruned += len(old)
        return len(old)


class PrunesHoles(MemoryStorage):
    def prune(self, log: Log, before_ms: int, limit: int) -> int:
        kept = [entry for entry in log.entries if entry.sent_at >= before_ms]
        count, log.entries = len(log.entries) - len(kept), kept
        log.pruned = kept[0].seq - 1 if kept else log.pruned + count
        return count


class PrunesWithoutSaying(MemoryStorage):
    @hookimpl
    def latest_positions(self, rooms: Sequence[str]) -> dict[str, Position]:
        return {
            name: Position(head.epoch, head.seq) for name, head in super().latest_positions(rooms).items()
        }


class PrunesEverywhere(MemoryStorage):
    @hookimpl
    def prune_history(self, room: str | None, before_ms: int, limit: int) -> int:
        return super().prune_history(None, before_ms, limit)


class StartsAnewWhenEmpty(MemoryStorage):
    def next_seq(self, log: Log) -> int:
        return log.entries[-1].seq + 1 if log.entries else 1


class AlwaysCreates(MemoryStorage):
    @hookimpl
    def open_room(self, name: str, user: User, owned_limit: int, owner: str | None) -> RoomInfo | None:
        return super().open_room(name, user, True, owned_limit, owner)


class KnowsNoLimit(MemoryStorage):
    def may_own(self, owner: str | None, owned_limit: int) -> bool:
        return True


class HasOneEpoch(MemoryStorage):
    def epoch(self) -> str:
        return "1"


class ShowsBeforeItWrites(MemoryStorage):
    """Others read what is not on its disk yet."""

    @hookimpl
    def startup(self) -> None:
        self.real, self.disk = self.disk, copy.deepcopy(self.disk)

    @hookimpl
    def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        info = super().open_room(name, user, create, owned_limit, owner)
        self.write()
        return info

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:  # type: ignore[override]
        results = super().store_messages(drafts)
        await asyncio.sleep(0)
        self.write()
        return results

    def write(self) -> None:
        self.real.clear()
        self.real.update(copy.deepcopy(self.disk))


class LooksThenWrites(MemoryStorage):
    """Another node may have stored meanwhile."""

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:  # type: ignore[override]
        self.heads = {name: head(log) for name, log in self.disk.items()}
        await asyncio.sleep(0)
        return super().store_messages(drafts)

    def next_seq(self, log: Log) -> int:
        self.heads[log.info.name] += 1
        return self.heads[log.info.name]


class LooksThenCreates(MemoryStorage):
    """Another node may have created the room meanwhile."""

    @hookimpl
    async def open_room(  # type: ignore[override]
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        found = name in self.disk
        await asyncio.sleep(0)
        if not found and create:
            self.disk[name] = Log(RoomInfo(name, self.epoch(), owner=owner))
        return self.disk[name].info if name in self.disk else None


class WritesAtShutdown(MemoryStorage):
    """It has no more on its disk than it had at the start, until it is shut down."""

    @hookimpl
    def startup(self) -> None:
        self.real, self.disk = self.disk, copy.deepcopy(self.disk)

    @hookimpl
    def shutdown(self) -> None:
        self.real.clear()
        self.real.update(self.disk)


class LeavesATornTail(MemoryStorage):
    """Writes an entry in two steps, and does not look at what a crash has left of the last one."""

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:  # type: ignore[override]
        results = []
        for given in drafts:
            results.append(super().place(given))
            entries = self.disk[given.room].entries
            whole = entries[-1]
            entries[-1] = msgspec.structs.replace(whole, text=whole.text[:50])
            await asyncio.sleep(0)
            entries[-1] = whole
        return results
