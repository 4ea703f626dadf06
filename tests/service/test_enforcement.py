"""Removal on one node: all sessions of the user in the room end, and no other session does."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.service.test_directory import JULIET, PRINCE
from tests.stage import open_stage
from tornchat import Sanction
from tornchat.cluster.control import TOPIC, Control
from tornchat.errors import ROOM_NOT_FOUND
from tornchat.rooms.room import Room


async def kick(stage):
    await stage.chat.moderation.kick(JULIET, "hall", "romeo")


async def ban(stage):
    await stage.chat.moderation.ban(JULIET, "hall", "romeo", 60)


async def disconnect(stage):
    await stage.chat.site.disconnect(PRINCE, "romeo")


@pytest.mark.parametrize("remove", [kick, ban, disconnect])
def test_all_sessions_of_a_user_in_the_room_end(tmp_path, remove):
    """Several tabs, in both dialects: each dialect has a stream with members of its own."""

    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            juliet = await stage.enters("juliet", "hall", v1=True)
            tabs = [await stage.enters("romeo", "hall", v1=v1) for v1 in (False, True, False, True)]
            await remove(stage)
            assert [await tab.is_closed() for tab in tabs] == [4003] * 4
            assert (await juliet.next_of("user_leave"))["user_id"] == "romeo"
            await juliet.says("who is here stays", "1")
            assert await juliet.hears() == "who is here stays"

    asyncio.run(play())


@pytest.mark.parametrize("remove", [kick, ban])
def test_sessions_in_other_rooms_stay(tmp_path, remove):
    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            inside = await stage.enters("romeo", "hall")
            elsewhere = await stage.enters("romeo", "general")
            await remove(stage)
            assert await inside.is_closed() == 4003
            await elsewhere.says("still here")
            assert await elsewhere.hears() == "still here"

    asyncio.run(play())


def test_a_disconnect_ends_the_sessions_in_all_rooms(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            sessions = [await stage.enters("romeo", room) for room in ("one", "two", "two", "three")]
            await disconnect(stage)
            assert [await session.is_closed() for session in sessions] == [4003] * 4

    asyncio.run(play())


def test_a_ban_that_was_only_stored_ends_all_sessions_at_the_next_reading(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            tabs = [await stage.enters("romeo", "hall") for _ in range(2)]
            stored = Sanction("hall", "romeo", "ban", time.time() + 60, "juliet")
            assert await stage.chat._hooks.set_sanction(stored, 0)
            await stage.chat._enforcement.upkeep()
            assert [await tab.is_closed() for tab in tabs] == [4003] * 2
            assert await (await stage.enters("romeo", "hall")).is_closed() == ROOM_NOT_FOUND

    asyncio.run(play())


def test_all_new_bans_of_a_room_are_carried_out_in_one_walk(tmp_path, monkeypatch):
    walks = []
    members = Room.members

    def counted(room):
        walks.append(room.info.name)
        return members(room)

    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            inside = await stage.enters("romeo", "hall")
            for name in [*(f"user {number}" for number in range(50)), "romeo"]:
                banned = Sanction("hall", name, "ban", time.time() + 60, "juliet")
                assert await stage.chat._hooks.set_sanction(banned, 0)
            monkeypatch.setattr(Room, "members", counted)
            await stage.chat._enforcement.upkeep()
            assert await inside.is_closed() == 4003

    asyncio.run(play())
    assert walks.count("hall") <= 2


@pytest.mark.parametrize(("kind", "room"), [("kick", "hall"), ("disconnect", "")])
def test_an_order_of_another_node_ends_all_sessions_of_the_user(tmp_path, kind, room):
    async def play():
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            tabs = [await stage.enters("romeo", "hall", v1=v1) for v1 in (False, True, False)]
            juliet = await stage.enters("juliet", "hall")
            other = Control("another node")
            stage.chat.deliver(TOPIC, other.write(other.make(kind, room, "romeo")))
            assert [await tab.is_closed() for tab in tabs] == [4003] * 3
            await juliet.says("who was not named stays")
            assert await juliet.hears() == "who was not named stays"

    asyncio.run(play())
