"""Rooms and members: who sees, changes and leaves what, and who is told no."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import ClassVar

import pytest

from tests.stage import open_stage
from tornchat import Membership, User, hookimpl
from tornchat.errors import ChatError
from tornchat.wire import Said

ROMEO, JULIET, TYBALT = User("romeo", "Romeo"), User("juliet", "Juliet"), User("tybalt", "Tybalt")
PRINCE = User("prince", "Prince", frozenset({"admin"}))
GUEST = User("guest-7", "Visitor", frozenset({"guest"}))
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
            assert await (await stage.enters("romeo", "hall")).next_of("room_users_list")
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


def test_nobody_owns_the_default_room_and_guests_own_nothing(tmp_path):
    async def play():
        async with a_chat(tmp_path) as stage:
            rooms = stage.chat.directory
            guest = stage.token("guest-7", roles=["guest"])
            for room in ("general", "hall"):  # the first visitor of a new server is a guest
                assert await (await stage.enters("guest", room, token=guest)).next_of("room_users_list")
                assert (await rooms.read_room(TYBALT, room)).owner is None
                assert await refused(rooms.delete_room(GUEST, room)) == "forbidden"
            assert (await rooms.create_room(GUEST, "yard")).owner is None
            assert await refused(rooms.create_room(GUEST, "cell", private=True)) == "forbidden"
            assert await (await stage.enters("romeo", "garden")).next_of("room_users_list")
            assert (await rooms.read_room(TYBALT, "garden")).owner == "romeo"
            await rooms.delete_room(PRINCE, "general")
            assert (await rooms.create_room(ROMEO, "general")).owner is None

    asyncio.run(play())


def test_creators_own_nothing_where_the_settings_say_so(tmp_path):
    async def play():
        async with open_stage(tmp_path, {"rooms": {"creator_owns": False}}) as stage:
            rooms = stage.chat.directory
            assert (await rooms.create_room(ROMEO, "hall")).owner is None
            assert await refused(rooms.create_room(ROMEO, "cell", private=True)) == "forbidden"
            assert (await rooms.create_room(PRINCE, "vault", private=True)).owner is None
            await rooms.set_member(PRINCE, "vault", "romeo", "member")
            assert (await rooms.read_room(ROMEO, "vault")).private

    asyncio.run(play())


def test_an_owner_that_the_default_room_has_stays(tmp_path):
    async def play():
        async with open_stage(tmp_path, {"rooms": {"default": "elsewhere"}}) as stage:
            await stage.chat.directory.create_room(ROMEO, "general")
        async with a_chat(tmp_path) as stage:
            rooms = stage.chat.directory
            assert (await rooms.rights(ROMEO, "general")).role == "owner"
            assert await (await stage.enters("juliet", "general")).next_of("room_users_list")
            assert await refused(rooms.set_member(ROMEO, "general", "juliet", "owner")) == "forbidden"
            await rooms.set_member(ROMEO, "general", "juliet", "moderator")

    asyncio.run(play())


def test_a_room_is_given_to_who_was_in_it_and_counts_among_theirs(tmp_path):
    async def play():
        async with a_chat(tmp_path, rooms_per_user=1) as stage:
            rooms = stage.chat.directory
            await rooms.create_room(JULIET, "hall")
            give = partial(rooms.set_member, JULIET, "hall")
            assert await refused(give("romeo", "owner")) == "forbidden"  # a stranger to the room
            await give("romeo", "member")
            assert await refused(give("romeo", "owner")) == "forbidden"  # a member who never came
            assert await refused(rooms.set_member(PRINCE, "hall", "romeo", "owner")) == "forbidden"
            await stage.chat.posting.post(ROMEO, "hall", Said("I was here."))
            await rooms.create_room(ROMEO, "garden")
            assert await refused(give("romeo", "owner")) == "too_many_rooms"
            guest = await stage.enters("g", "hall", token=stage.token("guest-7", roles=["guest"]))
            assert await guest.next_of("room_users_list")
            assert await refused(give("guest-7", "owner")) == "forbidden"
            assert (await rooms.read_room(TYBALT, "hall")).owner == "juliet"
            await rooms.delete_room(ROMEO, "garden")
            await give("romeo", "owner")
            assert (await rooms.read_room(TYBALT, "hall")).owner == "romeo"

    asyncio.run(play())


class Doorman:
    """Lets Tybalt join no room whose name begins with `secret`, and create none that begins with `new`."""

    @hookimpl
    def authorize(self, user: User, action: str, room: str) -> bool | None:
        hidden = action == "join" and room.startswith("secret")
        closed = action == "create" and room.startswith("new")
        return False if user.id == "tybalt" and (hidden or closed) else None


class BatchingDoorman(Doorman):
    """Answers for a whole list at once."""

    asked: ClassVar[list[int]] = []

    @hookimpl
    def authorize_rooms(self, user: User, rooms: Sequence[str]) -> dict[str, bool | None]:
        self.asked.append(len(rooms))
        return {room: self.authorize(user, "join", room) for room in rooms}


@pytest.mark.parametrize("doorman", [Doorman, BatchingDoorman])
def test_the_list_has_what_plugins_let_the_user_join(tmp_path, doorman):
    async def play():
        settings = {"tornchat": {"plugins": "jwt, door, peewee, local"}}
        async with open_stage(tmp_path, settings, {"door": doorman}) as stage:
            rooms = stage.chat.directory
            for name in ("a", *(f"secret{number}" for number in range(9)), "z"):
                await rooms.create_room(JULIET, name)
            BatchingDoorman.asked.clear()
            first = await rooms.list_rooms(TYBALT, None, 1)
            assert ([room.name for room in first.rooms], first.next) == (["a"], "a")
            last = await rooms.list_rooms(TYBALT, first.next, 1)
            assert ([room.name for room in last.rooms], last.next) == (["z"], None)
            assert len((await rooms.list_rooms(JULIET)).rooms) == 11
            assert BatchingDoorman.asked == [] or max(BatchingDoorman.asked) > 1

    asyncio.run(play())


def test_plugins_are_asked_about_creating_by_every_way(tmp_path):
    async def play():
        settings = {"tornchat": {"plugins": "jwt, door, peewee, local"}}
        async with open_stage(tmp_path, settings, {"door": Doorman}) as stage:
            rooms = stage.chat.directory
            assert await refused(rooms.create_room(TYBALT, "newhall")) == "forbidden"
            assert await refused(rooms.create_room(TYBALT, "secrethall")) == "forbidden"
            assert await (await stage.enters("tybalt", "newhall")).is_closed() == 4000
            assert await (await stage.enters("romeo", "newhall")).next_of("room_users_list")
            assert await (await stage.enters("tybalt", "newhall")).next_of("room_users_list")

    asyncio.run(play())


def test_a_room_that_bans_somebody_is_not_in_their_list(tmp_path):
    async def play():
        async with a_chat(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await stage.chat.moderation.ban(JULIET, "hall", "tybalt", 60)
            assert (await stage.chat.directory.list_rooms(TYBALT)).rooms == ()
            assert len((await stage.chat.directory.list_rooms(ROMEO)).rooms) == 1

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


def test_a_room_has_so_many_members_and_no_more(tmp_path):
    async def play():
        async with open_stage(tmp_path, {"limits": {"members_per_room": 3}}) as stage:
            directory = stage.chat.directory
            await directory.create_room(JULIET, "hall")
            for whom in ("a", "b", "a"):
                await directory.set_member(JULIET, "hall", whom, "member")
            assert await refused(directory.set_member(JULIET, "hall", "c", "member")) == "too_many_members"
            await directory.set_member(JULIET, "hall", "b", "moderator")  # who is in it may become more
            await directory.remove_member(JULIET, "hall", "a")
            await directory.set_member(JULIET, "hall", "c", "member")

    asyncio.run(play())


def test_handing_a_room_on_adds_no_members_beyond_the_limit(tmp_path):
    async def play():
        async with open_stage(tmp_path, {"limits": {"members_per_room": 2}}) as stage:
            directory = stage.chat.directory
            await directory.create_room(JULIET, "hall")
            await directory.set_member(JULIET, "hall", "a", "member")
            romeo = await stage.enters("romeo", "hall")
            assert await refused(directory.set_member(JULIET, "hall", "romeo", "owner")) == "too_many_members"
            await directory.remove_member(JULIET, "hall", "a")
            await directory.set_member(JULIET, "hall", "romeo", "owner")
            await romeo.leaves()

    asyncio.run(play())
