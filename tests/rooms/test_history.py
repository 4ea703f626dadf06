"""What a session that resumes is shown, where this node is behind what the client has heard elsewhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rooms.unflushed import Unflushed
from tornchat.model import Changed, Entry, Page, Position, RoomInfo
from tornchat.rooms.history import PAGE_ENTRIES, History, Plan
from tornchat.rooms.room import Gap, Room, RoomLimits


class Log:
    """A storage with one room's log of `head` entries."""

    def __init__(self, head: int, epoch: str = "e1") -> None:
        self.head = head
        self.epoch = epoch
        self.reads = 0

    async def read_history(self, name: str, after: int, before: int | None, limit: int) -> Page:
        self.reads += 1
        upto = min(self.head, after + limit)
        return Page(tuple(map(entry, range(after + 1, upto + 1))), 1, self.head, self.epoch)

    async def read_changed(self, name: str, since: int, limit: int) -> Changed:
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
