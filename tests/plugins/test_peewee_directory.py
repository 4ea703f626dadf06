"""The directory: an older database gets one, and a deleted room is cleared away beside the messages."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from playhouse.migrations import Runner
from tornchat_peewee.databases import backend_of
from tornchat_peewee.schema import CURRENT, STEPS, TABLE

from tests.plugins.peeweekit import JULIET, ROMEO, Place, plugin, say, storage, texts
from tests.plugins.test_peewee_search import rows
from tornchat import Sanction, Unavailable


def test_a_database_of_the_first_version_keeps_all_it_holds(place: Place) -> None:
    backend = backend_of(plugin(place)._settings)
    with backend.migrating():
        backend.connect()
        Runner(backend.database, str(STEPS), table_name=TABLE).up("0001_rooms_and_log")
        room = "INSERT INTO room (name, epoch, private, owner, head_seq, first_seq, created_at)"
        backend.database.execute_sql(f"{room} VALUES ('hall', 'e1', false, '1', 1, 1, 0)")
        entry = "INSERT INTO log (room_id, seq, sender_id, sender_username, text, sent_at, draft_id, kind)"
        backend.database.execute_sql(f"{entry} VALUES (1, 1, '1', 'romeo', 'an old word', 0, 'd', 'message')")

    async def play() -> None:
        chat = plugin(place)
        missing = [step.name for step in CURRENT.steps()[1:]]
        assert await chat.migrate() == missing
        async with storage(place) as chat:
            [room] = await chat.list_rooms(JULIET, None, 10)
            assert (room.name, room.epoch, room.seq) == ("hall", "e1", 1)
            assert await texts(chat) == ["an old word"]
            assert len(await chat.search_messages("hall", "old", None, 10)) == 1
            assert await chat.set_member("hall", JULIET.id, "moderator", 0, 0)
            await say(chat, "a new word")
            assert len(await chat.search_messages("hall", "word", None, 10)) == 2

    asyncio.run(play())


def test_a_deleted_room_is_cleared_away_and_nothing_of_it_is_left(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall", "garden") as chat:
            await say(chat, *(f"secret {number}" for number in range(2500)))
            await say(chat, "stays", room="garden")
            await chat.search_messages("hall", "secret", None, 1)
            await chat.search_messages("garden", "stays", None, 1)
            await chat.set_member("hall", JULIET.id, "member", 0, 0)
            await chat.set_sanction(Sanction("hall", "mercutio", "ban", time.time() + 600, ROMEO.id), 0)
            hall = await chat.open_room("hall", ROMEO, False, 0, ROMEO.id)
            assert await chat.delete_room("hall", hall.epoch)
            await say(chat, "and goes on", room="garden")
            await chat._clearing
            for table, left in (("room", 1), ("message", 2), ("search", 1), ("member", 0), ("sanction", 0)):
                assert rows(place, f"SELECT count(*) FROM {table}") == [(left,)], table
            new = await chat.create_room("hall", False, 0, JULIET.id)
            assert await texts(chat) == []
            assert await chat.search_messages("hall", "secret", None, 9) == []
            assert new.epoch != hall.epoch

    asyncio.run(play())


def test_what_a_stop_left_of_a_deleted_room_is_cleared_away_after_the_next_start(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, *(f"secret {number}" for number in range(2500)))
            hall = await chat.open_room("hall", ROMEO, False, 0, ROMEO.id)
            await chat.delete_room("hall", hall.epoch)
        assert rows(place, "SELECT count(*) FROM room") == [(1,)]
        async with storage(place) as chat:
            assert await chat.list_rooms(ROMEO, None, 10) == []
            await chat._clearing
            assert rows(place, "SELECT count(*) FROM message") == [(0,)]

    asyncio.run(play())


def test_deleted_texts_are_not_in_the_files_of_sqlite(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "antidisestablishmentarianism", *["tea"] * 100)
            hall = await chat.open_room("hall", ROMEO, False, 0, ROMEO.id)
            await chat.delete_room("hall", hall.epoch)
            await chat._clearing
            assert not await asyncio.to_thread(held_by, tmp_path, b"antidisestablishmentarianism")

    asyncio.run(play())


def held_by(directory: Path, text: bytes) -> list[Path]:
    return [file for file in directory.glob("tornchat.db*") if text in file.read_bytes()]


def test_before_the_start_and_after_the_end_it_is_not_available(tmp_path: Path) -> None:
    async def play() -> None:
        chat = plugin(tmp_path)
        with pytest.raises(Unavailable):
            await chat.list_rooms(ROMEO, None, 10)

    asyncio.run(play())
