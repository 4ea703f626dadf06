"""Loaded rooms against their log: the lost last message, a room made anew, a restored backup."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.rooms.unflushed import Unflushed
from tests.stage import open_stage
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.model import Entry, Page, Participant, Position, RoomInfo, Roster
from tornchat.rooms import recovery
from tornchat.rooms import registry as module
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import RoomLimits
from tornchat.tasks import Tasks
from tornchat.wire import Classic

SAY = (
    "INSERT INTO message (room_id, seq, sender_id, sender_username, text, sent_at, draft_id, kind)"
    " SELECT id, head_seq + 1, 'n', 'N', ?, 0, 'd' || head_seq, 'message' FROM room"
)


def change(data_dir: Path, *statements: str, text: str = "") -> None:
    """Do what another node, or somebody who restores a backup, would do to the database."""
    with closing(sqlite3.connect(data_dir / "tornchat.db")) as database, database:
        for statement in statements:
            database.execute(statement, (text,) if "?" in statement else ())


@pytest.mark.long
def test_what_another_node_stored_is_found_without_the_bus(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.next_of("user_join")
            change(tmp_path, SAY, "UPDATE room SET head_seq = head_seq + 1", text="from afar")
            assert await romeo.hears() == "from afar"
            await romeo.says("and on")
            assert await romeo.hears() == "and on"

    asyncio.run(play())


def test_a_gap_before_ones_own_message_is_filled_first(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.next_of("user_join")
            change(tmp_path, SAY, "UPDATE room SET head_seq = head_seq + 1", text="from afar")
            await romeo.says("mine", client_id="1")
            assert [await romeo.hears(), await romeo.hears()] == ["from afar", "mine"]
            assert await romeo.next() == {"type": "ack", "id": "1", "seq": 2}

    asyncio.run(play())


@pytest.mark.long
def test_another_epoch_closes_the_members(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.says("old")
            await romeo.hears()
            change(tmp_path, "DELETE FROM message", "UPDATE room SET head_seq = 0, epoch = 'new'")
            assert await romeo.is_closed() == 4010
            romeo = await verona.enters("romeo", "general", v1=True)
            welcome = await romeo.next()
            assert (welcome["epoch"], welcome["seq"]) == ("new", 0)

    asyncio.run(play())


@pytest.mark.long
def test_a_restored_backup_gets_a_new_epoch(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            epoch = (await romeo.next())["epoch"]
            for text in ("kept", "lost"):
                await romeo.says(text, client_id=text)
                await romeo.next_of("ack")
            change(tmp_path, "DELETE FROM message WHERE seq = 2", "UPDATE room SET head_seq = 1")
            assert await romeo.is_closed() == 4010
            romeo = await verona.enters("romeo", "general", v1=True, query={"since": 1, "epoch": epoch})
            welcome = await romeo.next()
            assert (welcome["recovered"], welcome["seq"]) == (False, 1)
            assert welcome["epoch"] != epoch

    asyncio.run(play())


class House:
    """Storage, history, a bus and presence in one, as plain as can be; each may be held up by its gate."""

    HOOKS = ("subscribe", "unsubscribe", "read_history", "latest_positions", "read_presence", "renew_epoch")

    def __init__(self) -> None:
        self.log = [Entry(seq, "1", "romeo", f"line {seq}", 0, f"d{seq}") for seq in range(1, 11)]
        self.epoch = "e1"
        self.reads = 0
        self.rosters = 0
        self.renewed: list[str] = []
        self.heads: dict[str, int] = {}
        """Rooms whose reported head is not that of the log."""
        self.compared = 0
        self.failures = 0
        """Calls of `latest_positions` that fail from now on."""
        self.reading_rosters = 0
        self.most_rosters = 0
        self.topics: set[str] = set()
        self.gates = {hook: asyncio.Event() for hook in self.HOOKS}
        for gate in self.gates.values():
            gate.set()
        self.tasks = Tasks()
        self.asked = asyncio.Queue[str]()

    async def subscribe(self, topic):
        self.topics.add(topic)

    async def unsubscribe(self, topic):
        self.asked.put_nowait("unsubscribe")
        await self.gates["unsubscribe"].wait()
        self.topics.discard(topic)

    async def read_history(self, room, after, before, limit):
        self.reads += 1
        await self.gates["read_history"].wait()
        entries = [entry for entry in self.log if entry.seq > (after or 0)]
        head = self._head(room)
        return Page(tuple(entries[:limit]), self.log[0].seq, head, self.epoch)

    async def latest_positions(self, rooms):
        self.compared += 1
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        return {room: Position(self.epoch, self._head(room)) for room in rooms}

    def _head(self, room):
        return self.heads.get(room, 10 if self.heads else self.log[-1].seq)

    async def read_presence(self, room):
        self.rosters += 1
        self.reading_rosters += 1
        self.most_rosters = max(self.most_rosters, self.reading_rosters)
        await self.gates["read_presence"].wait()
        await asyncio.sleep(0)
        self.reading_rosters -= 1
        return Roster(self.rosters, ())

    async def renew_epoch(self, room, epoch):
        self.renewed.append(epoch)

    @asynccontextmanager
    async def rooms(self):
        hooks = {name: [Implementation("house", name, getattr(self, name))] for name in self.HOOKS}
        try:
            yield Registry(
                Hooks(hooks, dict.fromkeys(self.HOOKS, 0.2)),
                self.tasks,
                RoomLimits(100, 0, 0),
                Unflushed(),
            )
        finally:
            await self.tasks.close()


class Ear:
    """A member's way out that keeps the code it was closed with."""

    code = 0

    def send(self, data):
        return True

    async def drained(self):
        pass

    def end(self, code, reason):
        self.code = code


def info(name="hall", epoch="e1"):
    return RoomInfo(name, epoch)


def test_who_waits_for_a_room_that_cannot_be_loaded_shares_its_failure() -> None:
    """A hundred who come at once wait for one deadline, not for a hundred."""

    async def main():
        house = House()
        house.gates["read_history"].clear()
        async with house.rooms() as rooms, asyncio.timeout(1):
            found = await asyncio.gather(*(rooms.load(info()) for _ in range(100)), return_exceptions=True)
            assert all(isinstance(error, Unavailable) for error in found)
            assert house.reads == 1
            house.gates["read_history"].set()
            assert (await rooms.load(info())).seq == 10

    asyncio.run(main())


def test_a_room_that_cannot_be_loaded_is_unsubscribed() -> None:
    async def main():
        house = House()
        house.gates["read_history"].clear()
        async with house.rooms() as rooms:
            with pytest.raises(Unavailable):
                await rooms.load(info())
            async with asyncio.timeout(1):
                assert await house.asked.get() == "unsubscribe"
            await asyncio.sleep(0)
            assert house.topics == set()

    asyncio.run(main())


def test_upkeep_lets_go_of_no_room_that_took_the_place_of_an_empty_one(monkeypatch) -> None:
    """While one room is let go another may be lost and be loaded anew, with members."""

    async def main():
        monkeypatch.setattr(module, "EMPTY_SECONDS", -1.0)
        house = House()
        async with house.rooms() as rooms:
            await rooms.load(info("first"))
            old = await rooms.load(info("second"))
            house.gates["unsubscribe"].clear()
            upkeep = asyncio.create_task(rooms.upkeep())
            await house.asked.get()
            rooms.lose(old)
            house.gates["unsubscribe"].set()
            new = await rooms.load(info("second"))
            new.enter(Participant("1", "romeo"), "s1", Classic(), Ear())
            await upkeep
            assert rooms.get("second") is new

    asyncio.run(main())


def test_a_payload_from_a_future_that_never_comes_is_forgotten() -> None:
    """The bus is not trusted: one payload must not keep a room reading its log for ever."""

    async def main():
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            rooms.accept("hall", "e1", [Entry(99, "1", "romeo", "forged", 0, "d99")])
            await house.tasks.finish(0.5)
            assert house.reads == 2
            house.log.append(Entry(11, "1", "romeo", "true", 0, "d11"))
            rooms.accept("hall", "e1", house.log[-1:])
            assert room.seq == 11

    asyncio.run(main())


def test_members_whose_missing_part_was_pruned_are_closed() -> None:
    async def main():
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            ear = Ear()
            room.enter(Participant("1", "romeo"), "s1", Classic(), ear)
            house.log = [Entry(seq, "1", "romeo", "later", 0, f"d{seq}") for seq in range(20, 25)]
            rooms.may_have_missed()
            await house.tasks.finish(0.5)
            assert ear.code == 4010
            assert house.reads == 2

    asyncio.run(main())


def test_a_repair_that_finds_the_log_behind_gives_it_a_new_epoch() -> None:
    """Else who resumes with the old epoch would be shown other entries at places that were seen."""

    async def main():
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            ear = Ear()
            room.enter(Participant("1", "romeo"), "s1", Classic(), ear)
            del house.log[5:]
            rooms.may_have_missed()
            await house.tasks.finish(0.5)
            assert (ear.code, house.renewed) == (4010, ["e1"])

    asyncio.run(main())


def test_a_list_is_read_by_one_call_at_a_time_and_once_more_for_what_came_meanwhile() -> None:
    async def main():
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            room.enter(Participant("1", "romeo"), "s1", Classic(), Ear())
            house.gates["read_presence"].clear()
            before = house.rosters
            for _ in range(50):
                rooms.may_have_missed()
                await asyncio.sleep(0)
            assert house.rosters == before + 1
            house.gates["read_presence"].set()
            await house.tasks.finish(0.5)
            assert house.rosters == before + 2

    asyncio.run(main())


def test_after_a_loss_one_call_asks_for_all_positions_and_only_rooms_behind_are_read() -> None:
    """A bus that comes back must not make a node with a thousand rooms read a thousand histories."""

    async def main():
        house = House()
        async with house.rooms() as rooms:
            for number in range(100):
                room = await rooms.load(info(f"room{number}"))
                if number < 50:
                    room.enter(Participant("1", "romeo"), f"s{number}", Classic(), Ear())
            house.heads = {"room7": 11}
            house.log.append(Entry(11, "1", "romeo", "missed", 0, "d11"))
            house.reads = house.rosters = 0
            rooms.may_have_missed()
            await house.tasks.finish(1)
            assert (house.compared, house.reads, house.rosters) == (1, 1, 50)
            assert house.most_rosters <= 20
            assert rooms.get("room7").seq == 11
            house.rosters = 0
            await rooms.upkeep()
            assert house.rosters == 50, "an empty room's list is read before somebody joins it"

    asyncio.run(main())


def test_positions_that_cannot_be_read_after_a_loss_are_asked_for_again(monkeypatch) -> None:
    async def main():
        monkeypatch.setattr(module, "COMPARE_RETRY_SECONDS", 0.0)
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            house.log.append(Entry(11, "1", "romeo", "missed", 0, "d11"))
            house.failures = 2
            rooms.may_have_missed()
            await house.tasks.finish(1)
            assert (house.compared, room.seq) == (3, 11)

    asyncio.run(main())


def test_a_storage_that_reports_entries_but_returns_none_is_given_up(monkeypatch, caplog) -> None:
    async def main():
        monkeypatch.setattr(recovery, "RETRY_SECONDS", (0.001, 0.002))
        house = House()
        async with house.rooms() as rooms:
            room = await rooms.load(info())
            ear = Ear()
            room.enter(Participant("1", "romeo"), "s1", Classic(), ear)
            house.heads = {"hall": 12}
            house.reads = 0
            rooms.may_have_missed()
            await house.tasks.finish(1)
            assert (ear.code, rooms.lost) == (4010, 1)
            assert house.reads == recovery.MOST_EMPTY_READS

    asyncio.run(main())
    assert "reports entries after 10 but returns none" in caplog.text


def test_what_the_bus_brings_while_a_room_is_loaded_is_not_lost() -> None:
    """It was stored after the page was read, and the room is not loaded yet."""

    async def main():
        house = House()
        house.gates["read_history"].clear()
        async with house.rooms() as rooms:
            loading = asyncio.create_task(rooms.load(info()))
            while not house.reads:  # noqa: ASYNC110 (the read has begun)
                await asyncio.sleep(0.01)
            rooms.accept("hall", "e1", [Entry(11, "1", "romeo", "early", 0, "d11")])
            rooms.accept("attic", "e1", [Entry(11, "1", "romeo", "not loaded", 0, "d11")])
            house.gates["read_history"].set()
            room = await loading
            assert (room.seq, room.tail.messages[-1].text) == (11, "early")

    asyncio.run(main())


def test_a_room_of_another_epoch_is_loaded_anew_and_its_members_are_closed() -> None:
    async def main():
        house = House()
        async with house.rooms() as rooms:
            old, ear = await rooms.load(info()), Ear()
            old.enter(Participant("1", "romeo"), "s1", Classic(), ear)
            house.epoch = "e2"
            new = await rooms.load(info(epoch="e2"))
            assert new is not old
            assert (ear.code, rooms.lost, new.info.epoch) == (4010, 1, "e2")

    asyncio.run(main())


def test_upkeep_keeps_rooms_with_members_and_reads_the_log_after_a_late_subscription(monkeypatch) -> None:
    """Until it was subscribed, the bus brought nothing."""

    async def main():
        monkeypatch.setattr(module, "EMPTY_SECONDS", -1.0)
        house = House()
        async with house.rooms() as rooms:
            house.gates["subscribe"].clear()
            subscribe, failures = house.subscribe, [Unavailable("away")]
            hooks = rooms._hooks

            async def fails_once(topic):
                if failures:
                    raise failures.pop()
                await subscribe(topic)

            hooks.subscribe = fails_once
            room = await rooms.load(info())
            room.enter(Participant("1", "romeo"), "s1", Classic(), Ear())
            assert house.topics == set()
            house.log.append(Entry(11, "1", "romeo", "missed", 0, "d11"))
            await rooms.upkeep()
            await house.tasks.finish(2)
            assert (house.topics, rooms.get("hall"), room.seq) == ({"room:hall"}, room, 11)

    asyncio.run(main())
