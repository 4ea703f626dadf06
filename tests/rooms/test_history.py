"""What a session that resumes is shown, where this node is behind what the client has heard elsewhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rooms.unflushed import Unflushed
from tornchat.model import Changed, Entry, More, Page, Position, RoomInfo
from tornchat.rooms.history import PAGE_ENTRIES, History, Plan
from tornchat.rooms.room import Gap, Room, RoomLimits
from tornchat.wire import V1


class Log:
    """A storage with one room's log of `head` entries."""

    def __init__(self, head: int, epoch: str = "e1") -> None:
        self.head = head
        self.epoch = epoch
        self.reads = self.counts = 0

    async def read_history(self, name: str, after: int | None, before: int | None, limit: int) -> Page:
        self.reads += 1
        await asyncio.sleep(0)
        if after is None:
            after = max(0, (before or self.head + 1) - 1 - limit)
        upto = min(self.head, after + limit)
        return Page(tuple(map(self.entry, range(after + 1, upto + 1))), 1, self.head, self.epoch)

    def entry(self, seq: int) -> Entry:
        return entry(seq)

    async def read_changed(self, name: str, since: int, limit: int) -> Changed:
        self.counts += 1
        return Changed((), self.head - since, 1, self.head, self.epoch)


def entry(seq: int) -> Entry:
    return Entry(seq, "romeo", "Romeo", f"text {seq}", seq, f"draft {seq}")


def resumed(log: Log, room: Room, since: int, epoch: str = "e1", most: int = 0) -> Plan:
    hooks: Any = log
    return asyncio.run(History(hooks, 50, most).plan(room, Position(epoch, since)))


@pytest.fixture
def room() -> Room:
    """A room that stands at 3."""
    made = Room(RoomInfo("hall", "e1"), RoomLimits(10, 1000, 0), Unflushed())
    made.start(3, list(map(entry, range(1, 4))))
    return made


@pytest.mark.parametrize("ahead", [1, 7, PAGE_ENTRIES + 7])
def test_who_heard_more_than_this_node_resumes(room: Room, ahead: int) -> None:
    assert resumed(Log(3 + ahead), room, 3 + ahead) == Plan(3 + ahead)
    assert room.seq == 3 + ahead


def test_entries_that_wait_for_others_do_not_hinder_it(room: Room) -> None:
    with pytest.raises(Gap):
        room.accept("e1", [entry(9)])
    assert resumed(Log(5), room, 5) == Plan(5)
    assert room.held() == [9]


def test_a_position_that_no_log_reaches_is_not_resumed_and_moves_nothing(room: Room) -> None:
    log = Log(4)
    assert not resumed(log, room, 1_000_000).recovered
    assert (room.seq, log.reads) == (3, 1)


@pytest.mark.parametrize(("stored", "asked"), [("e2", "e1"), ("e1", "e2")])
def test_another_epoch_is_not_resumed(room: Room, stored: str, asked: str) -> None:
    assert not resumed(Log(9, stored), room, 5, asked).recovered
    assert room.seq == 3


@pytest.mark.parametrize(("since", "recovered"), [(3, True), (1, True), (0, False)])
def test_so_many_messages_are_resumed_and_not_one_more(room: Room, since: int, recovered: bool) -> None:
    assert resumed(Log(3), room, since, most=2).recovered is recovered


class EditedLog(Log):
    """The first three entries are messages, and all others change the first one."""

    def entry(self, seq: int) -> Entry:
        if seq <= 3:
            return entry(seq)
        return Entry(
            seq, "romeo", "Romeo", f"text {seq}", seq, f"d{seq}", None, "edit", 1, More(revision=seq)
        )


def freshly_loaded(head: int) -> Room:
    """A room that was loaded with its messages only, in their present state."""
    made = Room(RoomInfo("hall", "e1"), RoomLimits(10, 1000, 0), Unflushed())
    log = EditedLog(head)
    messages = [log.entry(1).after(log.entry(head)), *map(entry, (2, 3))]
    made.start(head, messages, 1, True)
    return made


def test_all_who_resume_in_a_room_just_loaded_cost_one_read_of_what_changed_it() -> None:
    log, room = EditedLog(9), freshly_loaded(9)
    hooks: Any = log
    work = History(hooks, 50, 0)

    async def resume() -> list[Plan]:
        return await asyncio.gather(*(work.plan(room, Position("e1", since)) for since in (5, 6, 9, 5)))

    assert asyncio.run(resume()) == [Plan(5), Plan(6), Plan(9), Plan(5)]
    assert (log.reads, log.counts) == (1, 0)
    found = work.at_once(room, room.stream(V1()), Plan(5))
    assert found is not None
    assert (found.count(b"message_changed"), found.count(b"text 9")) == (1, 1)


def test_what_changed_long_before_is_read_from_storage_by_each_who_resumes() -> None:
    log, room = EditedLog(14), freshly_loaded(14)
    assert resumed(log, room, 3) == Plan(3)
    assert (log.reads, log.counts) == (0, 1)
    assert not room.tail.covers(3)


def test_a_log_that_is_another_one_or_was_pruned_meanwhile_changes_no_tail() -> None:
    for log in (EditedLog(9, "e2"), PrunedLog(9)):
        room = freshly_loaded(9)
        resumed(log, room, 5)
        assert (list(room.tail.acts), room.tail.acts_since) == ([], 9)


class PrunedLog(EditedLog):
    """Begins after 6."""

    async def read_history(self, name: str, after: int | None, before: int | None, limit: int) -> Page:
        page = await super().read_history(name, after, before, limit)
        return Page(tuple(one for one in page.entries if one.seq > 6), 7, self.head, self.epoch)
