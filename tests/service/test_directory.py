"""Rooms and members: who sees, changes and leaves what, and who is told no."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.stage import open_stage
from tornchat import Membership, User
from tornchat.errors import ChatError

ROMEO, JULIET, TYBALT = User("romeo", "Romeo"), User("juliet", "Juliet"), User("tybalt", "Tybalt")
PRINCE = User("prince", "Prince", frozenset({"admin"}))
WATCH = User("watch", "Watch", frozenset({"moderator"}))


@asynccontextmanager
async def a_chat(tmp_path, **limits):
    async with open_stage(tmp_path, {"limits": limits}) as stage:
        yield stage


async def refused(work):
    """The code that a call is refused with."""
    with pytest.raises(ChatError) as error:
        await work
    return error.value.code


def test_a_private_room_is_as_if_absent_for_strangers(tmp_path):
    async def play():
        async with a_chat(tmp_path) as stage:
            rooms = stage.chat.directory
            await rooms.create_room(JULIET, "balcony", private=True)
            await rooms.create_room(JULIET, "square")
            await rooms.set_member(JULIET, "balcony", "romeo", "member")
            for who, names in ((JULIET, 2), (ROMEO, 2), (PRINCE, 2), (TYBALT, 1), (WATCH, 1)):
                assert len((await rooms.list_rooms(who)).rooms) == names, who
            assert await refused(rooms.read_room(TYBALT, "balcony")) == "room_not_found"
            assert await (await stage.enters("tybalt", "balcony")).is_closed() == 4000
            assert await refused(rooms.create_room(TYBALT, "balcony")) == "room_taken"
            romeo = await stage.enters("romeo", "balcony")
            assert await romeo.next_of("room_users_list")
            await rooms.remove_member(JULIET, "balcony", "romeo")
            assert await romeo.is_closed() == 4003
            assert await (await stage.enters("romeo", "balcony")).is_closed() == 4000

    asyncio.run(play())


def test_what_follows_from_a_role(tmp_path):
    async def play():
        async with a_chat(tmp_path) as stage:
            rooms = stage.chat.directory
            await rooms.create_room(JULIET, "hall")
            await rooms.set_member(JULIET, "hall", "romeo", "moderator")
            expected = {
                JULIET: ("owner", ("join", "send", "moderate", "manage")),
                ROMEO: ("moderator", ("join", "send", "moderate")),
                TYBALT: (None, ("join", "send")),
                WATCH: (None, ("join", "send", "moderate")),
                PRINCE: (None, ("join", "send", "moderate", "manage")),
            }
            for who, (role, actions) in expected.items():
                rights = await rooms.rights(who, "hall")
                assert (rights.role, rights.actions) == (role, actions), who
            for work in (rooms.set_member(ROMEO, "hall", "romeo", "owner"), rooms.delete_room(ROMEO, "hall")):
                assert await refused(work) == "forbidden"
            assert await refused(rooms.set_member(JULIET, "hall", "juliet", "member")) == "forbidden"
            assert await refused(rooms.remove_member(JULIET, "hall", "juliet")) == "forbidden"
            assert await refused(rooms.remove_member(JULIET, "hall", "tybalt")) == "not_found"
            await rooms.remove_member(ROMEO, "hall", "romeo")  # oneself
            assert await rooms.read_members(TYBALT, "hall") == [Membership("juliet", "owner")]

    asyncio.run(play())


def test_a_room_that_is_in_use_is_handed_over(tmp_path):
    async def play():
        async with a_chat(tmp_path) as stage:
            rooms = stage.chat.directory
            await rooms.create_room(JULIET, "hall")
            assert await (await stage.enters("tybalt", "hall")).next_of("room_users_list")
            await rooms.set_member(JULIET, "hall", "romeo", "owner")
            assert (await rooms.read_room(TYBALT, "hall")).owner == "romeo"
            assert (await rooms.rights(JULIET, "hall")).role == "moderator"
            assert await refused(rooms.set_member(ROMEO, "hall", "romeo", "member")) == "forbidden"
            assert await refused(rooms.remove_member(ROMEO, "hall", "romeo")) == "forbidden"
            await rooms.set_member(ROMEO, "hall", "juliet", "member")
            await rooms.remove_member(JULIET, "hall", "juliet")
            assert await rooms.read_members(TYBALT, "hall") == [Membership("romeo", "owner")]

    asyncio.run(play())


def test_the_list_comes_page_by_page(tmp_path):
    async def play():
        async with a_chat(tmp_path) as stage:
            for name in ("c", "a", "b"):
                await stage.chat.directory.create_room(ROMEO, name)
            first = await stage.chat.directory.list_rooms(TYBALT, None, 2)
            assert ([room.name for room in first.rooms], first.next) == (["a", "b"], "b")
            last = await stage.chat.directory.list_rooms(TYBALT, first.next, 2)
            assert ([room.name for room in last.rooms], last.next) == (["c"], None)

    asyncio.run(play())


def test_a_room_that_may_not_be_created(tmp_path):
    async def play():
        async with a_chat(tmp_path, rooms_per_user=1) as stage:
            create = stage.chat.directory.create_room
            assert await refused(create(ROMEO, "no such name")) == "invalid_message"
            await create(ROMEO, "one")
            assert await refused(create(ROMEO, "two")) == "too_many_rooms"

    asyncio.run(play())


@pytest.mark.parametrize("role", ["member", "moderator"])
def test_an_owner_can_not_be_made_less_by_anybody_without_a_new_owner(tmp_path, role):
    async def play():
        async with a_chat(tmp_path) as stage:
            rooms = stage.chat.directory
            await rooms.create_room(JULIET, "hall")
            for who in (JULIET, PRINCE):
                assert await refused(rooms.set_member(who, "hall", "juliet", role)) == "forbidden"
            assert (await rooms.rights(JULIET, "hall")).role == "owner"

    asyncio.run(play())
