"""Marks in the database: what is left of them after erasure, and what many of them cost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.plugins.peeweekit import JULIET, ROMEO, Place, deletion, draft, say, storage
from tests.plugins.test_peewee_directory import held_by
from tests.plugins.test_peewee_search import rows
from tornchat import Draft, Mark, More, Stored, User

MANY = 10_000


def mark(user: User, target: int, *tokens: str, client_id: str | None = None) -> Draft:
    more = More(mark=Mark(tokens=tokens))
    return draft("", client_id=client_id, user=user, kind="reaction", target=target, more=more)


@pytest.mark.parametrize("way", ["take back", "delete", "prune", "erase", "delete room"])
def test_nothing_of_marks_is_left(place: Place, way: str) -> None:
    """In PostgreSQL the tables are read, in SQLite the files, too."""

    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "one", "two")
            await chat.store_messages([mark(ROMEO, 1, "perfidious"), mark(JULIET, 1, "fine")])
            if way == "take back":
                await chat.store_messages([mark(ROMEO, 1)])
            elif way == "delete":
                await chat.store_messages([deletion(1)])
            elif way == "prune":
                assert await chat.prune_history("hall", 2**50, 1, None) == 1
                await chat.prune_history(None, 0, 9, None)  # nothing is left, so that the files are emptied
            elif way == "erase":
                while await chat.erase_user(ROMEO.id, 100):
                    pass
            else:
                room = await chat.open_room("hall", ROMEO, False, 0, None)
                await chat.delete_room("hall", room.epoch)
                await chat._clearing
            left = rows(place, "SELECT user_id FROM mark")
            assert left == ([(JULIET.id,)] if way in ("take back",) else [])
            summaries = rows(place, "SELECT marks FROM message WHERE marks LIKE '%perfidious%'")
            assert summaries == []
            acts = rows(place, "SELECT seq FROM act WHERE mark LIKE '%perfidious%'")
            assert way == "take back" or acts == []
            if isinstance(place, Path) and way != "take back":
                assert not held_by(place, b"perfidious")

    asyncio.run(play())


@pytest.mark.parametrize("way", ["prune", "erase", "delete room"])
def test_ids_of_sets_that_stood_go_with_their_message_and_their_user(place: Place, way: str) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "one")
            stood = [mark(ROMEO, 1, client_id="m1"), mark(JULIET, 1, client_id="m2")]
            assert [result.repeated for result in await chat.store_messages(stood)] == [True, True]
            assert rows(place, "SELECT client_id FROM standing ORDER BY client_id") == [("m1",), ("m2",)]
            if way == "prune":
                assert await chat.prune_history("hall", 2**50, 1, None) == 1
            elif way == "erase":
                while await chat.erase_user(ROMEO.id, 100):
                    pass
            else:
                room = await chat.open_room("hall", ROMEO, False, 0, None)
                await chat.delete_room("hall", room.epoch)
                await chat._clearing
            assert rows(place, "SELECT client_id FROM standing") == ([("m2",)] if way == "erase" else [])

    asyncio.run(play())


def test_erasing_a_user_takes_the_marks_back_from_messages_of_others(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.store_messages([draft("hers", user=JULIET)])
            await chat.store_messages([mark(ROMEO, 1, "perfidious", "x"), mark(JULIET, 1, "x")])
            while await chat.erase_user(ROMEO.id, 100):
                pass
            page = await chat.read_history("hall", 0, None, 10)
            [message, first, _, taken] = page.entries
            assert [(token, tally.count) for token, tally in message.marks["reaction"].items()] == [("x", 1)]
            assert (first.sender_id, first.mark) == ("(erased)", Mark())
            assert (taken.sender_id, {**taken.mark.counts}) == ("(erased)", {"perfidious": 0, "x": 1})
            assert rows(place, "SELECT user_id, token FROM mark") == [(JULIET.id, "x")]
            state = page.entries[0]
            assert ROMEO.id not in {user for one in state.marks["reaction"].values() for user in one.users}

    asyncio.run(play())


@pytest.mark.long
def test_a_message_with_ten_thousand_marks_is_deleted(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "one", "two")
            users = [User(f"u{n}", f"u{n}") for n in range(MANY)]
            for start in range(0, MANY, 2000):
                results = await chat.store_messages(
                    [mark(user, 1, "x", f"y{n % 49}") for n, user in enumerate(users[start : start + 2000])]
                )
                assert {type(result) for result in results} == {Stored}
            page = await chat.read_messages("hall", 0, 2, None, None, 1)
            assert page.entries[0].marks["reaction"]["x"].count == MANY
            began = time.monotonic()
            [result] = await chat.store_messages([deletion(1)])
            assert isinstance(result, Stored)
            assert time.monotonic() - began < 4.0, "the store call has 4 s"
            assert rows(place, "SELECT count(*) FROM mark") == [(0,)]
            assert rows(place, "SELECT count(*) FROM act WHERE mark <> ''") == [(0,)]

    asyncio.run(play())
