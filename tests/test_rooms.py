"""Loaded rooms against their log: the lost last message, a room made anew, a restored backup."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.stage import open_stage

SAY = (
    "INSERT INTO log (room_id, seq, sender_id, sender_username, text, sent_at, draft_id, kind)"
    " SELECT id, head_seq + 1, 'n', 'N', ?, 0, 'd' || head_seq, 'message' FROM room"
)


def change(data_dir: Path, *statements: str, text: str = "") -> None:
    """Do what another node, or somebody who restores a backup, would do to the database."""
    with closing(sqlite3.connect(data_dir / "tornchat.db")) as database, database:
        for statement in statements:
            database.execute(statement, (text,) if "?" in statement else ())


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


def test_another_epoch_closes_the_members(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.says("old")
            await romeo.hears()
            change(tmp_path, "DELETE FROM log", "UPDATE room SET head_seq = 0, epoch = 'new'")
            assert await romeo.is_closed() == 4010
            romeo = await verona.enters("romeo", "general", v1=True)
            welcome = await romeo.next()
            assert (welcome["epoch"], welcome["seq"]) == ("new", 0)

    asyncio.run(play())


def test_a_restored_backup_gets_a_new_epoch(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            epoch = (await romeo.next())["epoch"]
            for text in ("kept", "lost"):
                await romeo.says(text, client_id=text)
                await romeo.next_of("ack")
            change(tmp_path, "DELETE FROM log WHERE seq = 2", "UPDATE room SET head_seq = 1")
            assert await romeo.is_closed() == 4010
            romeo = await verona.enters("romeo", "general", v1=True, query={"since": 1, "epoch": epoch})
            welcome = await romeo.next()
            assert (welcome["recovered"], welcome["seq"]) == (False, 1)
            assert welcome["epoch"] != epoch

    asyncio.run(play())
