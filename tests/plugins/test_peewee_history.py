"""Reading: pages from a position, and the positions of many rooms."""

from __future__ import annotations

import asyncio

import pytest
from tornchat_peewee import PeeweePlugin

from tests.plugins.peeweekit import ROMEO, Place, draft, say, storage
from tornchat import Page, Position, RoomInfo

HUGE = 2**80


def seqs(page: Page | None) -> list[int]:
    assert page is not None
    return [entry.seq for entry in page.entries]


@pytest.mark.parametrize(
    ("after", "before", "limit", "expected"),
    [
        (None, None, 3, [8, 9, 10]),
        (None, None, 99, list(range(1, 11))),
        (0, None, 3, [1, 2, 3]),
        (4, None, 3, [5, 6, 7]),
        (9, None, 3, [10]),
        (10, None, 3, []),
        (11, None, 3, []),
        (-5, None, 2, [1, 2]),
        (HUGE, None, 3, []),
        (None, 5, 3, [2, 3, 4]),
        (None, 2, 3, [1]),
        (None, 1, 3, []),
        (None, -HUGE, 3, []),
        (None, HUGE, 3, [8, 9, 10]),
        (2, 6, 2, [3, 4]),
        (2, 6, 99, [3, 4, 5]),
        (None, None, 0, []),
        (None, None, -1, []),
        (0, None, HUGE, list(range(1, 11))),
    ],
)
def test_a_page_is_oldest_first_within_its_bounds(
    place: Place, after: int | None, before: int | None, limit: int, expected: list[int]
) -> None:
    async def play() -> None:
        async with storage(place, "hall", "attic") as chat:
            await say(chat, *"abcdefghijkl", room="attic")
            await say(chat, *"abcdefghij")
            page = await chat.read_history("hall", after, before, limit)
            assert seqs(page) == expected
            assert (page.first_seq, page.head_seq) == (1, 10)

    asyncio.run(play())


def test_an_empty_log_begins_after_its_head(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            room = await chat.open_room("hall", ROMEO, True, 0, ROMEO.id)
            assert await chat.read_history("hall", None, None, 9) == Page((), 1, 0, room.epoch)

    asyncio.run(play())


@pytest.mark.parametrize("name", ["nowhere", "", "\ud800", "'--", "x" * 100_000])
def test_a_room_that_is_not_there_has_no_history(place: Place, name: str) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            assert await chat.read_history(name, None, None, 9) is None

    asyncio.run(play())


def test_positions_of_many_rooms_come_in_one_go(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            names = [f"room{number}" for number in range(1201)]
            rooms: list[RoomInfo] = await asyncio.gather(
                *[chat.open_room(name, ROMEO, True, 0, ROMEO.id) for name in names]
            )
            await chat.store_messages([draft(room=name) for name in names[::2]])
            positions = await chat.latest_positions(["nowhere", *names])
            expected = {room.name: Position(room.epoch, 1 - n % 2) for n, room in enumerate(rooms)}
            assert positions == expected
            assert await chat.latest_positions([]) == {}

    asyncio.run(play())


def test_whoever_reads_sees_all_that_was_stored_before_and_one_state(place: Place) -> None:
    async def read(chat: PeeweePlugin, done: asyncio.Event) -> int:
        reads = 0
        while not done.is_set():
            known = (await chat.latest_positions(["hall"]))["hall"].seq
            page = await chat.read_history("hall", None, None, 5)
            assert page.head_seq >= known
            assert seqs(page) == list(range(max(1, page.head_seq - 4), page.head_seq + 1))
            reads += 1
        return reads

    async def play() -> None:
        async with storage(place, "hall") as chat:
            done = asyncio.Event()
            readers = [asyncio.create_task(read(chat, done)) for _ in range(4)]
            for number in range(200):
                [entry] = await say(chat, str(number))
                page = await chat.read_history("hall", None, None, 1)
                assert page.entries == (entry,)
            done.set()
            assert min(await asyncio.gather(*readers)) > 0

    asyncio.run(play())
