"""A gap in what a room has received is closed from the log, however long it is."""

from __future__ import annotations

import asyncio

from tests.rooms.test_registry import Ear, House, info
from tornchat.errors import Unavailable
from tornchat.model import Entry, Participant
from tornchat.rooms import recovery
from tornchat.rooms.recovery import PAGE_ENTRIES
from tornchat.wire import Classic


def add(house: House, count: int) -> None:
    """Store entries that no broadcast brings to this node."""
    head = house.log[-1].seq
    house.log += [
        Entry(seq, "1", "romeo", f"line {seq}", 0, f"d{seq}") for seq in range(head + 1, head + count + 1)
    ]


def test_a_gap_of_several_pages_is_closed_though_nothing_after_it_was_received() -> None:
    """The broadcast lost all of it, so no held entry shows that more is missing after the first page."""

    async def main() -> None:
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            add(house, 2 * PAGE_ENTRIES + 500)
            await rooms.check_positions()  # without members there is nobody to bring up to date
            assert room.seq == 10
            room.enter(Participant("1", "romeo"), "s1", Classic(), Ear())
            await rooms.check_positions()
            await house.tasks.finish(2)
            assert (room.seq, room.held()) == (house.log[-1].seq, [])
            assert (rooms.repaired, rooms.gaps) == (2 * PAGE_ENTRIES + 500, 1)

    asyncio.run(main())


def test_a_request_during_a_recovery_reads_the_log_once_more() -> None:
    async def main() -> None:
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            reads = house.reads
            add(house, 1)
            house.gates["read_history"].clear()
            rooms._found_gap(room)
            while house.reads == reads:  # noqa: ASYNC110 (the first read has begun)
                await asyncio.sleep(0.01)
            rooms._found_gap(room)
            rooms._found_gap(room)
            house.gates["read_history"].set()
            await house.tasks.finish(2)
            assert (room.seq, house.reads - reads) == (11, 2)

    asyncio.run(main())


def test_a_storage_that_is_away_is_read_again_until_it_answers(monkeypatch) -> None:
    monkeypatch.setattr(recovery, "RETRY_SECONDS", (0.0,))

    async def main() -> None:
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            add(house, 1)
            failures = [Unavailable("away")] * 3
            read = house.read_history

            async def read_history(*arguments):
                if failures:
                    raise failures.pop()
                return await read(*arguments)

            rooms._hooks.read_history = read_history
            rooms._found_gap(room)
            await house.tasks.finish(2)
            assert (room.seq, failures) == (11, [])

    asyncio.run(main())


def test_a_room_that_is_gone_when_its_gap_is_read_closes_its_members() -> None:
    async def main() -> None:
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            ear = Ear()
            room.enter(Participant("1", "romeo"), "s1", Classic(), ear)

            async def read_history(*arguments):
                return None

            rooms._hooks.read_history = read_history
            rooms._found_gap(room)
            await house.tasks.finish(2)
            assert (ear.code, rooms.get("hall")) == (4000, None)

    asyncio.run(main())
