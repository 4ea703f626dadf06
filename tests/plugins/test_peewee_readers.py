"""What is unread equals a count over the log, whatever was done to it; a thousand rooms are one query."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tests.plugins.peeweekit import JULIET, Place, deletion, draft, say, storage, stored
from tornchat import Marker, Mentions, More

READERS = ("juliet", "nurse", "paris")


class Log:
    """One room, to which things are done at random."""

    def __init__(self, chat: PeeweePlugin, seed: int) -> None:
        self.chat = chat
        self.rng = random.Random(seed)
        self.markers: dict[str, Marker] = {}

    async def bounds(self) -> tuple[int, int, str]:
        page = await self.chat.read_history("hall", None, None, 0)
        assert page is not None
        return page.first_seq, page.head_seq, page.epoch

    async def says(self) -> None:
        await say(self.chat, *["hello"] * self.rng.randint(1, 3))

    async def replies(self) -> None:
        _, head, _ = await self.bounds()
        more = More(thread=self.rng.randint(1, max(1, head)))
        await self.chat.store_messages([replace(draft("in a thread"), more=more)])

    async def mentions(self) -> None:
        users = tuple(self.rng.sample(READERS, self.rng.randint(0, 2)))
        more = More(mentions=Mentions(users, self.rng.random() < 0.5))
        await self.chat.store_messages([replace(draft("look"), more=more)])

    async def edits(self) -> None:
        _, head, _ = await self.bounds()
        target = self.rng.randint(1, max(1, head))
        await self.chat.store_messages([replace(draft("other"), kind="edit", target=target, more=More())])

    async def deletes(self) -> None:
        _, head, _ = await self.bounds()
        await self.chat.store_messages([deletion(self.rng.randint(1, max(1, head)))])

    async def prunes(self) -> None:
        await self.chat.prune_history("hall", 2**50, self.rng.randint(1, 3), None)

    async def reads(self) -> None:
        _, head, epoch = await self.bounds()
        reader, seq = self.rng.choice(READERS), self.rng.randint(0, head)
        marker = Marker(reader, "hall", epoch, seq, self.rng.choice([-1, 0, 0, 1]))
        stands = await self.chat.store_markers([marker])
        known = self.markers.get(reader)
        if marker.generation < 0:
            marker = replace(marker, generation=known.generation if known and known.epoch == epoch else 0)
        smaller = known is not None and known.epoch == epoch and known.larger(marker)
        assert bool(stands) == smaller, (known, marker, stands)
        if marker.larger(known):
            self.markers[reader] = marker

    async def renews(self) -> None:
        if self.rng.random() < 0.3:
            _, _, epoch = await self.bounds()
            await self.chat.renew_epoch("hall", epoch)

    async def counted(self, reader: str) -> tuple[int, int, int]:
        """The marker, the unread messages and those that mention the reader, counted over the log."""
        _, _, epoch = await self.bounds()
        marker = self.markers.get(reader)
        seq = marker.seq if marker is not None and marker.epoch == epoch else 0
        page = await self.chat.read_history("hall", seq, None, 10_000)
        assert page is not None
        messages = [entry for entry in page.entries if entry.target is None]
        found = [entry.more.mentions for entry in messages if entry.more is not None and entry.more.mentions]
        return seq, len(messages), sum(one.room or reader in one.users for one in found)

    async def verify(self) -> None:
        for reader in self.markers:
            [room] = await self.chat.read_rooms_of(reader, None, 10)
            found = (room.read_seq, room.unread, room.mentions)
            assert found == await self.counted(reader)
            [state] = await self.chat.read_markers({"hall": [reader]})
            head = (await self.chat.latest_positions(["hall"]))["hall"]
            assert head.seq - head.acts - state.number == room.unread


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.long
def test_unread_is_a_count_over_the_log(place: Place, seed: int) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            log = Log(chat, seed)
            acts: list[Callable[[], object]] = [log.says, log.replies, log.mentions, log.edits, log.deletes]
            acts += [log.prunes, log.reads, log.reads, log.reads, log.renews]
            for _ in range(120):
                await log.rng.choice(acts)()  # type: ignore[misc]
                await log.verify()

    asyncio.run(play())


@pytest.mark.long
def test_a_thousand_rooms_are_read_in_one_query(place: Place) -> None:
    rooms = [f"room{number:04}" for number in range(1000)]

    async def play() -> float:
        async with storage(place, *rooms) as chat:
            await chat.store_messages([draft(str(n), room) for room in rooms for n in range(20)])
            changes = [replace(draft("x", room), kind="edit", target=3, more=More()) for room in rooms]
            await chat.store_messages(changes)
            mentions = More(mentions=Mentions((JULIET.id,), True))
            await chat.store_messages([replace(draft("look", room), more=mentions) for room in rooms])
            heads = await chat.latest_positions(rooms)
            await chat.store_markers([Marker(JULIET.id, room, heads[room].epoch, 7) for room in rooms])
            found = await chat.read_rooms_of(JULIET.id, None, 1000)
            assert {(one.unread, one.mentions) for one in found} == {(14, 1)}
            assert [one.name for one in found] == rooms
            times = []
            for _ in range(10):
                began = time.perf_counter()
                await chat.read_rooms_of(JULIET.id, None, 1000)
                times.append(time.perf_counter() - began)
            return min(times)

    seconds = asyncio.run(play())
    print(f"\n1,000 rooms of a user: {seconds * 1000:.1f} ms")
    assert seconds < 0.05


def test_deleted_rooms_and_erased_users_leave_nothing(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall", "garden") as chat:
            heads = await chat.latest_positions(["hall", "garden"])
            for room in ("hall", "garden"):
                mention = replace(draft("look", room), more=More(mentions=Mentions(("juliet",))))
                stored((await chat.store_messages([mention]))[0])
                await chat.store_markers([Marker("juliet", room, heads[room].epoch, 1)])
            assert len(await chat.read_inbox("juliet", None, 10)) == 2
            await chat.delete_room("hall", heads["hall"].epoch)
            assert [one.room for one in await chat.read_inbox("juliet", None, 10)] == ["garden"]
            assert [one.name for one in await chat.read_rooms_of("juliet", None, 10)] == ["garden"]
            while await chat.erase_user("juliet", 100):
                pass
            assert list(await chat.read_inbox("juliet", None, 10)) == []
            assert list(await chat.read_rooms_of("juliet", None, 10)) == []

    asyncio.run(play())


def test_names_that_no_database_can_hold_are_nobodys(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            epoch = (await chat.latest_positions(["hall"]))["hall"].epoch
            odd = [Marker("a\0b", "hall", epoch, 1), Marker("\ud800", "hall", epoch, 1)]
            await chat.store_markers([*odd, Marker("juliet", "hall", epoch, 1), Marker("x", "h\0", epoch, 1)])
            assert [one.name for one in await chat.read_rooms_of("juliet", None, 10)] == ["hall"]
            mention = More(mentions=Mentions(("a\0b", "juliet")))
            stored((await chat.store_messages([replace(draft("look"), more=mention)]))[0])
            assert len(await chat.read_inbox("juliet", None, 10)) == 1
            assert list(await chat.read_inbox("\ud800", None, 10)) == []

    asyncio.run(play())
