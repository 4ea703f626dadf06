"""Streamed messages in a database: what they cost on disk, and what deleting them leaves."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing as closed
from pathlib import Path

import pytest

from tests.plugins.peeweekit import Place, deletion, draft, storage, stored
from tests.plugins.test_peewee_directory import held_by
from tests.plugins.test_peewee_search import rows
from tornchat.testing.fixtures import closing, opening, piece

PIECES, BATCH = 4_000, 10


def used(database: Path) -> int:
    """The bytes of a database's pages that are in use."""
    with closed(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        names = ("page_count", "freelist_count", "page_size")
        count, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        return int((count - free) * size)


@pytest.mark.parametrize(
    "text", ["token ", "a line of a text that somebody writes piece by piece, no hurry. "]
)
def test_a_closed_message_takes_twice_its_text_and_100_bytes_per_piece(tmp_path: Path, text: str) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await chat.store_messages([opening("x", "hall")])
            before, size = used(tmp_path / "tornchat.db"), len(text)
            for start in range(0, PIECES, BATCH):
                places = range(start, start + BATCH)
                await chat.store_messages(
                    [piece(1, 1 + n * size, text, "hall", f"piece-{n}") for n in places]
                )
            await chat.store_messages([closing(1, "hall")])
            grown = used(tmp_path / "tornchat.db") - before
            print(f"{PIECES} pieces of {size} B: {grown / PIECES:.0f} B each")
            assert grown <= 2 * PIECES * size + 100 * PIECES

    asyncio.run(play())


def test_deleted_pieces_are_gone_from_the_files(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await chat.store_messages([opening("blue", "hall"), opening("green", "hall")])
            await chat.store_messages([piece(1, 4, " heliotrope", "hall"), piece(2, 5, " amaranth", "hall")])
            await chat.store_messages([closing(2, "hall")])
            assert held_by(tmp_path, b"heliotrope")
            await chat.store_messages([deletion(1), deletion(2)])
            assert not held_by(tmp_path, b"heliotrope")
            assert not held_by(tmp_path, b"amaranth")

    asyncio.run(play())


def test_entries_keep_their_places_and_counts_when_a_message_is_closed(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.store_messages([opening("a", "hall"), opening("b", "hall"), draft("c")])
            both = [(piece(n % 2 + 1, 1 + n // 2, "x", "hall", f"p{n}"), n) for n in range(40)]
            await chat.store_messages([one for one, _ in both])
            await chat.store_messages([closing(1, "hall"), draft("d")])
            page = await chat.read_history("hall", 0, None, 100)
            assert [entry.seq for entry in page.entries] == list(range(1, 46))
            assert [entry.text for entry in page.entries if entry.kind == "append"] == ["", "x"] * 20
            changed = await chat.read_changed("hall", 3, 10)
            assert ([one.text for one in changed.messages], changed.count) == (
                ["a" + "x" * 20, "b" + "x" * 20],
                1,
            )
            again = stored((await chat.store_messages([both[1][0]]))[0])
            assert (again.entry.seq, again.repeated) == (5, True), "the ids of an open message are known"

    asyncio.run(play())


def test_what_another_version_deletes_is_not_open(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.store_messages([opening("a", "hall")])
            rows(place, "UPDATE message SET text = '' RETURNING seq")
            [message] = (await chat.read_messages("hall", None, None, None, None, 9)).entries
            assert not message.is_open
            assert await chat.read_open(2**60, 9) == []

    asyncio.run(play())
