"""The end of the log in memory: bounded, in its present state, and sure of what it has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.rooms.unflushed import Unflushed
from tornchat.model import Entry, More, Page, Replies, RoomInfo
from tornchat.rooms import tail as module
from tornchat.rooms.history import MOST_BYTES, History, Plan
from tornchat.rooms.room import Room, RoomLimits
from tornchat.rooms.tail import Tail
from tornchat.wire import V1
from tornchat.wire.framing import frame_length, frame_payload


def message(seq: int, text: str = "hello") -> Entry:
    return Entry(seq, "r", "Romeo", text, 0, f"d{seq}")


def edit(seq: int, target: int, revision: int = 1) -> Entry:
    return Entry(
        seq, "r", "Romeo", f"edit {seq}", 0, f"d{seq}", None, "edit", target, More(revision=revision)
    )


def deletion(seq: int, target: int) -> Entry:
    return Entry(seq, "r", "Romeo", "", 0, f"d{seq}", None, "deletion", target)


def tail_of(*entries: Entry, most: int = 3) -> Tail:
    tail = Tail(most)
    for entry in entries:
        if entry.target is None:
            tail.append(entry)
        else:
            tail.act(entry)
    tail.trim()
    return tail


def test_it_has_so_many_messages_and_so_many_acts_and_knows_since_when() -> None:
    tail = tail_of(*[message(seq) for seq in range(1, 6)], *[edit(seq, 5, seq - 5) for seq in range(6, 11)])
    assert [one.seq for one in tail.messages] == [3, 4, 5]
    assert (tail.messages_since, tail.acts_since) == (2, 7)
    assert [tail.covers(since) for since in (1, 6, 7, 10)] == [False, False, True, True]
    assert tail.messages[-1].text == "edit 10"


def test_its_texts_are_bounded_and_the_newest_is_there_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CHARS", 100)
    tail = tail_of(*[message(seq, "x" * 40) for seq in range(1, 5)], most=10)
    assert [one.seq for one in tail.messages] == [3, 4]
    tail.act(deletion(5, 3))
    tail.append(message(6, "x" * 40))
    assert [one.seq for one in tail.messages] == [3, 4, 6]
    tail.append(message(7, "x" * 400))
    assert tail.trim() == 3
    assert [one.seq for one in tail.messages] == [7]


def test_it_tells_which_older_messages_were_acted_on() -> None:
    tail = tail_of(message(1), message(2), edit(3, 1), message(4), deletion(5, 2), edit(6, 4))
    assert tail.acted_on(2) == [0]
    assert tail.acted_on(4) == [2]
    assert tail.acted_on(6) == []
    assert [act.seq for act in tail.deletions(2)] == [5]
    tail.append(message(7))
    assert tail.trim() == 1
    assert tail.acted_on(2) is None


def test_it_starts_with_messages_and_knows_where_nothing_acted_on_them() -> None:
    tail = Tail(5)
    tail.start([message(2), message(4), message(5)], 1, 5)
    assert (tail.messages_since, tail.acts_since) == (1, 3)
    tail.start([], 0, 7)
    assert (tail.messages_since, tail.acts_since) == (0, 7)


def test_acts_that_are_read_later_precede_those_that_have_come_and_never_push_them_out() -> None:
    tail = Tail(3)
    tail.start([message(1), message(2)], 0, 5)
    assert [tail.may_cover(since) for since in (1, 2, 4, 5)] == [False, True, True, False]
    tail.act(edit(6, 1))
    assert [tail.may_cover(since) for since in (2, 3)] == [False, True]
    tail.precede([edit(3, 1), edit(4, 1), edit(5, 1)], 2)
    assert [act.seq for act in tail.acts] == [4, 5, 6]
    assert (tail.acts_since, tail.covers(3), tail.covers(2)) == (3, True, False)
    tail.precede([edit(3, 1)], 2)
    assert ([act.seq for act in tail.acts], tail.acts_since) == ([4, 5, 6], 3)


def test_pruning_removes_messages_and_acts() -> None:
    tail = tail_of(message(1), edit(2, 1), message(3), edit(4, 3))
    assert tail.prune(4) == 2
    assert (list(tail.messages), [act.seq for act in tail.acts]) == ([], [4])
    assert (tail.messages_since, tail.acts_since) == (3, 3)


class Storage:
    """Has a room's messages."""

    def __init__(self, count: int, size: int) -> None:
        self._messages = [message(seq, f"{seq:06}" + "x" * size) for seq in range(1, count + 1)]
        self.reads = 0

    async def read_messages(self, name: str, after: None, before: int, *more: Any) -> Page:
        self.reads += 1
        found = [one for one in self._messages if one.seq < before][-more[-1] :]
        return Page(tuple(found), 1, len(self._messages), "e1")


@pytest.mark.parametrize(("count", "size", "limit", "wanted"), [(9, 10, 5, 5), (3, 10, 5, 3), (5, 10, 0, 0)])
@pytest.mark.parametrize("in_tail", [True, False])
def test_a_history_is_so_many_messages(count: int, size: int, limit: int, wanted: int, in_tail: bool) -> None:
    assert len(history(count, size, limit, in_tail)) == wanted


@pytest.mark.parametrize("in_tail", [True, False])
def test_a_history_is_a_mebibyte_and_one_message_at_least(in_tail: bool) -> None:
    frames = history(700, 10_000, 600, in_tail)
    assert 0 <= MOST_BYTES - sum(map(len, frames)) < 11_000
    assert b"000700" in frames[-1]
    assert len(history(3, 2_000_000, 50, in_tail)) == 1


def history(count: int, size: int, limit: int, in_tail: bool) -> list[bytes]:
    """The payloads of a usual history, without the frame that ends it."""
    storage: Any = Storage(count, size)
    room = Room(RoomInfo("hall", "e1"), RoomLimits(1000, 0, 0), Unflushed())
    room.start(count, storage._messages if in_tail else [])
    work = History(storage, limit, 0)

    async def read() -> bytes:
        found = work.at_once(room, room.stream(V1()), Plan(None))
        assert (found is not None) is (in_tail or not limit)
        return found or b"".join([part async for part in work.older(room, V1(), Plan(None), count)])

    data, frames = asyncio.run(read()), []
    while data:
        length = frame_length(data)
        frames.append(frame_payload(data[:length]))
        data = data[length:]
    assert json.loads(frames[-1]) == {"type": "caught_up", "position": count}
    return frames[:-1]


def test_a_thread_that_was_read_before_its_message_was_deleted_is_counted_again() -> None:
    """The first message and the reply come of two reads, and the deletion lies between them."""
    root = Entry(1, "r", "Romeo", "root", 0, "d1", more=More(replies=Replies(2, 3)))
    first, second = (Entry(seq, "r", "Romeo", "re", 0, f"d{seq}", more=More(thread=1)) for seq in (2, 3))
    room = Room(RoomInfo("hall", "e"), RoomLimits(9, 0, 0), Unflushed())
    room.accept("e", [root, first.after(deletion(4, 2)), second])
    assert room.tail.messages[0].more == More(replies=Replies(2, 3)), "as it was told"
    room.accept("e", [deletion(4, 2)])
    assert room.tail.messages[0].more == More(replies=Replies(1, 3))
    room.accept("e", [Entry(5, "r", "Romeo", "re", 0, "d5", more=More(thread=1))])
    assert room.tail.messages[0].more == More(replies=Replies(2, 5))
