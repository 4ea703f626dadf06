"""A log loses its beginning while people are here: nobody is shown it any more, and nobody only a part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.rooms.test_registry import change
from tests.rooms.unflushed import Unflushed
from tests.stage import Player, Stage, open_stage
from tests.testing.memory import MemoryStorage
from tornchat.config.settings import load
from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.log.retention import BATCH_ENTRIES, Retention, prune
from tornchat.model import Entry, RoomInfo, User
from tornchat.rooms.history import History, Plan
from tornchat.rooms.room import Room, RoomLimits
from tornchat.service import chat as chat_module
from tornchat.service.chat import Chat
from tornchat.wire import V1

DAY = 86_400_000
KEEP = {"history": {"keep_days": 30}}


async def talk(player: Player, *texts: str) -> None:
    for text in texts:
        await player.says(text, client_id=text)
        await player.next_of("ack")


async def history(verona: Stage, count: int, **position: object) -> tuple[bool, list[int]]:
    """What a newcomer is shown: whether it recovered, and `count` places."""
    paris = await verona.enters("paris", "general", v1=True, query=position)
    welcome = await paris.next()
    seqs = [(await paris.next_of("chat_message"))["seq"] for _ in range(count)]
    await paris.leaves()
    return welcome["recovered"], seqs


@pytest.mark.long
def test_a_server_forgets_what_is_too_old_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "RETENTION_SECONDS", 0.05)

    async def play() -> None:
        async with open_stage(tmp_path, KEEP) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            epoch = (await romeo.next())["epoch"]
            await talk(romeo, "one", "two", "three", "four")
            change(tmp_path, f"UPDATE message SET sent_at = sent_at - {31 * DAY} WHERE seq <= 2")
            async with asyncio.timeout(10):
                while (await history(verona, 2, since=0, epoch=epoch))[0]:
                    pass
            assert await history(verona, 2, since=0, epoch=epoch) == (False, [3, 4])
            assert await history(verona, 2, since=1, epoch=epoch) == (False, [3, 4])
            assert await history(verona, 2, since=2, epoch=epoch) == (True, [3, 4])
            await talk(romeo, "five")
            assert await history(verona, 3) == (False, [3, 4, 5])

    asyncio.run(play())


def test_a_message_in_a_room_without_a_past_is_sent_as_usual(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            await talk(romeo, "one", "two")
            change(tmp_path, "UPDATE room SET first_seq = 3", "DELETE FROM message")
            await talk(romeo, "three")
        async with open_stage(tmp_path) as verona:
            assert await history(verona, 1) == (False, [3])

    asyncio.run(play())


class Slow(MemoryStorage):
    """Forgets between one page and the next."""

    def read_history(self, room: str, after: int | None, before: int | None, limit: int):  # type: ignore[no-untyped-def]
        page = super().read_history(room, after, before, min(limit, 2))
        self.prune_history(room, 10, 4)
        return page


def hooks_of(storage: MemoryStorage) -> Hooks:
    def prune_history(room: str | None, before_ms: int, limit: int, unread_before_ms: int | None) -> int:
        return storage.prune_history(room, before_ms, limit)

    functions = [storage.read_history, prune_history]
    return Hooks({one.__name__: [Implementation("it", one.__name__, one)] for one in functions}, {})


def filled(storage: MemoryStorage, count: int) -> MemoryStorage:
    storage.open_room("hall", User("1", "romeo"), True, 0, "1")
    storage.disk["hall"].entries += [
        Entry(n, "1", "romeo", f"line {n}", n, f"d{n}") for n in range(1, count + 1)
    ]
    return storage


def test_who_is_read_a_history_that_is_pruned_meanwhile_is_told_and_not_given_a_hole() -> None:
    async def play() -> None:
        storage = filled(Slow({}), 9)
        room = Room(RoomInfo("hall", storage.disk["hall"].info.epoch), RoomLimits(0, 0, 0), Unflushed())
        room.start(9, [])
        history = History(hooks_of(storage), 50, 0)
        pages = history.older(room, V1(), Plan(0), 9)
        assert await anext(pages)
        with pytest.raises(Unavailable):
            await anext(pages)

    asyncio.run(play())


def test_pruning_goes_in_batches_and_tells_how_far_it_is() -> None:
    async def play() -> None:
        count = BATCH_ENTRIES * 2 + 7
        told: list[int] = []
        assert await prune(hooks_of(filled(MemoryStorage({}), count)), "hall", DAY, told.append) == count
        assert told == [BATCH_ENTRIES, BATCH_ENTRIES * 2, count]

    asyncio.run(play())


def test_a_server_that_is_to_forget_and_can_not_does_not_start() -> None:
    async def play() -> None:
        hooks = Hooks({"broadcast_scope": [Implementation("it", "broadcast_scope", lambda: "process")]}, {})
        with pytest.raises(SettingsError, match="prune_history"):
            await Chat(load(settings=KEEP), hooks).start()

    asyncio.run(play())


def test_what_fails_is_tried_again() -> None:
    async def play() -> None:
        storage = filled(MemoryStorage({}), 3)
        failures = [OSError("disk"), None]

        def failing(room: str | None, before_ms: int, limit: int, unread_before_ms: int | None) -> int:
            if failures and (error := failures.pop(0)):
                raise error
            return storage.prune_history(room, before_ms, limit)

        hooks = Hooks({"prune_history": [Implementation("it", "prune_history", failing)]}, {})
        retention = Retention(hooks, 1)
        await retention.prune()
        assert len(storage.disk["hall"].entries) == 3
        await retention.prune()
        assert not storage.disk["hall"].entries

    asyncio.run(play())
