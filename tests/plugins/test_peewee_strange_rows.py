"""SQLite's columns hold values of any type: rows with strange ones don't break their room."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.plugins.peeweekit import say, storage
from tests.stage import open_stage
from tornchat import Refusal, Stored
from tornchat.testing.fixtures import mark


def spoil(data_dir: Path, column: str, value: object) -> None:
    with closing(sqlite3.connect(data_dir / "tornchat.db")) as database:
        database.execute(f"UPDATE message SET {column} = ? WHERE seq = 2", [value])
        database.commit()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", b"\xff\x00"),
        ("sender_id", b"1"),
        ("sender_username", b"\xff"),
        ("sent_at", "yesterday"),
        ("sent_at", 1.5),
        ("draft_id", b"d"),
        ("client_id", b"c"),
        ("kind", b"message"),
        ("revision", "one"),
        ("position", "two"),
        ("thread", "one"),
        ("mentions", b"{}"),
        ("meta", b"{}"),
        ("data", b"{}"),
    ],
)
def test_a_row_of_a_wrong_type_is_shown_as_a_deleted_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, value: object
) -> None:
    async def play() -> list[str]:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "one", "two", "three")
            spoil(tmp_path, column, value)
            page = await chat.read_history("hall", 0, None, 10)
            assert page is not None
            return [entry.text for entry in page.entries]

    assert asyncio.run(play()) == ["one", "", "three"]
    assert [record.getMessage() for record in caplog.records if "wrong type" in record.getMessage()]


def test_the_room_is_entered_and_read_as_before(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "one", "two", "three")
        spoil(tmp_path, "text", b"\xff")
        async with open_stage(tmp_path) as stage:
            juliet = await stage.enters("juliet", "hall", v1=True)
            seen = [(await juliet.next_of("chat_message"))["message"] for _ in range(3)]
            assert seen == ["one", "", "three"]
            await juliet.says("four", client_id="4")
            assert await juliet.hears() == "four"

    asyncio.run(play())


@pytest.mark.parametrize("text", ["", "[]", '{"a":1},"text":"other"', "{", '{"users":[""]}', '{"users":1}'])
def test_what_is_no_meta_and_no_mentions_does_not_get_into_frames(tmp_path: Path, text: str) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "one", "two")
            for column in ("meta", "data", "mentions"):
                spoil(tmp_path, column, text)
            page = await chat.read_history("hall", 0, None, 10)
            assert page is not None
            message = page.entries[1]
            assert message.text == "two"
            if not text.startswith('{"users'):
                assert (message.meta, message.data) == ("", "")
            assert message.more is None or message.more.mentions is None

    asyncio.run(play())


@pytest.mark.parametrize("value", [1, b"\xff", '{"reaction":{"x":1}}', "{"])
def test_a_row_with_damaged_marks_is_shown_as_deleted_and_harms_no_other_draft(
    tmp_path: Path, value: object
) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "one", "two", "three")
            await chat.store_messages([mark(2, "x", room="hall")])
            spoil(tmp_path, "marks", value)
            page = await chat.read_history("hall", 0, None, 10)
            assert [entry.text for entry in page.entries[:3]] == ["one", "", "three"]
            drafts = [mark(1, "x", room="hall"), mark(2, "y", room="hall"), mark(3, "x", room="hall")]
            kinds = [type(result) for result in await chat.store_messages(drafts)]
            assert kinds == [Stored, Refusal, Stored]

    asyncio.run(play())
