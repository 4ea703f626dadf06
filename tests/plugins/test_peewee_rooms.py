"""Rooms: found, made once, counted by owner, kept from strangers."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tornchat_peewee.rooms import NewRoom

from tests.plugins.peeweekit import JULIET, ROMEO, Place, storage
from tornchat import User


def test_a_new_room_belongs_to_its_creator(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            room = await chat.open_room("hall", ROMEO, True, 0, ROMEO.id)
            assert (room.name, room.owner, room.private) == ("hall", ROMEO.id, False)
            assert await chat.open_room("hall", JULIET, True, 0, JULIET.id) == room
            assert await chat.open_room("hall", JULIET, False, 0, JULIET.id) == room

    asyncio.run(play())


def test_a_room_and_its_epoch_outlive_the_process(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            room = await chat.open_room("hall", ROMEO, True, 0, ROMEO.id)
        async with storage(place) as chat:
            assert await chat.open_room("hall", JULIET, False, 0, JULIET.id) == room

    asyncio.run(play())


def test_every_room_draws_its_own_epoch(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            rooms = [await chat.open_room(f"room{number}", ROMEO, True, 0, ROMEO.id) for number in range(20)]
            assert len({room.epoch for room in rooms}) == 20

    asyncio.run(play())


@pytest.mark.parametrize("name", ["hall", "\ud800"])
def test_a_room_that_may_not_be_created_is_not_there(place: Place, name: str) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            assert await chat.open_room(name, ROMEO, False, 0, ROMEO.id) is None
            assert await chat.open_room("\ud800", ROMEO, True, 0, ROMEO.id) is None
            assert await chat.open_room("hall", User("\ud800", "who"), True, 0, "\ud800") is None

    asyncio.run(play())


def test_fifty_calls_for_one_new_name_give_one_room(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat, storage(place) as other_node:
            calls = [node.open_room("hall", ROMEO, True, 0, ROMEO.id) for node in (chat, other_node) * 25]
            assert len({room.epoch for room in await asyncio.gather(*calls)}) == 1

    asyncio.run(play())


def test_a_user_owns_no_more_rooms_than_the_limit(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat, storage(place) as other_node:
            nodes = (chat, other_node) * 5
            calls = [
                node.open_room(f"room{number}", ROMEO, True, 3, ROMEO.id) for number, node in enumerate(nodes)
            ]
            made = [room for room in await asyncio.gather(*calls) if room is not None]
            assert len(made) == 3
            assert await chat.open_room("another", ROMEO, True, 3, ROMEO.id) is None
            assert await chat.open_room(made[0].name, ROMEO, True, 3, ROMEO.id) == made[0]
            assert (await chat.open_room("hers", JULIET, True, 3, JULIET.id)).owner == JULIET.id

    asyncio.run(play())


def test_a_private_room_is_its_owners_alone(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            make_private(place)
            assert (await chat.open_room("hall", ROMEO, True, 0, ROMEO.id)).private
            assert await chat.open_room("hall", JULIET, True, 0, JULIET.id) is None

    asyncio.run(play())


def make_private(place: Place) -> None:
    if isinstance(place, str):
        with psycopg.connect(place) as other:
            other.execute("UPDATE room SET private = true")
    else:
        with closing(sqlite3.connect(place / "tornchat.db")) as database, database:
            database.execute("UPDATE room SET private = 1")


def test_rooms_that_are_wanted_at_once_share_transactions(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path) as chat:
            table, calls = chat._open.rooms, list[int]()
            create = table.create

            def counted(session: object, wanted: list[NewRoom]) -> object:
                calls.append(len(wanted))
                return create(session, wanted)

            table.create = counted
            names = [f"room{number}" for number in range(150)]
            rooms = await asyncio.gather(*(chat.open_room(name, ROMEO, True, 0, ROMEO.id) for name in names))
            assert [room.name for room in rooms] == names
            assert sum(calls) == 150
            assert len(calls) < 30

    asyncio.run(play())


def test_among_rooms_that_are_wanted_at_once_each_has_its_own_answer(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "old") as chat:
            wanted = [
                ("a", ROMEO, 2),
                ("\ud800", JULIET, 0),
                ("b", ROMEO, 2),
                ("old", JULIET, 0),
                ("c", JULIET, 0),
            ]
            calls = [chat.open_room(name, user, True, limit, user.id) for name, user, limit in wanted]
            a, no_name, b, old, c = await asyncio.gather(*calls)
            assert (no_name, old.owner, c.owner) == (None, ROMEO.id, JULIET.id)
            assert [room.owner for room in (a, b) if room is not None] == [ROMEO.id]  # whichever came first

    asyncio.run(play())


def test_who_no_longer_waits_for_a_new_room_does_not_hold_up_the_others(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            calls = [
                asyncio.ensure_future(chat.open_room(f"room{number}", ROMEO, True, 0, ROMEO.id))
                for number in range(20)
            ]
            await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            rooms = await asyncio.gather(*calls, return_exceptions=True)
            assert [room.name for room in rooms[1::2]] == [f"room{number}" for number in range(1, 20, 2)]
            assert (await chat.open_room("next", ROMEO, True, 0, ROMEO.id)).name == "next"

    asyncio.run(play())
