"""Titles, topics and kinds: who sets them, who is told, and who stays in a room that became private."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes, until
from tests.service.test_directory import GUEST, JULIET, PRINCE, ROMEO, WATCH, refused
from tests.service.test_watching import hears_nothing, news, watches
from tests.stage import Stage, open_stage
from tests.valkey import Valkey, valkey
from tornchat import RoomDescription


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def describe(stage: Stage, who: Any, **change: Any) -> Any:
    return await stage.chat.describing.describe(who, "hall", **change)


def test_the_members_are_told_and_the_room_says_it_from_then_on(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(JULIET, "hall")
            romeo = await verona.enters("romeo", "hall", v1=True)
            shared = await verona.connects("romeo")
            await shared.joins("hall")
            classic = await verona.enters("nurse", "hall")
            room = await describe(verona, JULIET, title=" The hall ", topic="\u8336")
            assert (room.title, room.topic, room.kind) == ("The hall", "\u8336", "open")
            frame = {"type": "room_changed", "room": "hall", "title": "The hall", "topic": "\u8336"}
            for player in (romeo, shared):
                assert await player.next_of("room_changed") == {**frame, "kind": "open"}
            assert await verona.chat.directory.read_room(ROMEO, "hall") == room
            [listed] = (await verona.chat.directory.list_rooms(ROMEO)).rooms
            assert listed == room
            await describe(verona, JULIET, title="The hall")  # which it has already: nobody is told
            await describe(verona, JULIET, topic="")
            assert (await romeo.next_of("room_changed"))["topic"] == ""
            await classic.says("hello")
            while (told := await classic.next()).get("type") != "chat_message":
                assert told["type"] in ("room_users_list", "user_join"), "the classic dialect never changes"

    asyncio.run(play())


@pytest.mark.parametrize("change", [{"title": "x" * 81}, {"topic": "x" * 251}, {"title": "\u202ea"}])
def test_what_is_refused_changes_nothing(tmp_path: Path, change: Any) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            before = await verona.chat.directory.create_room(JULIET, "hall")
            assert await refused(describe(verona, JULIET, kind="private", **change)) == "invalid_message"
            assert await verona.chat.directory.read_room(JULIET, "hall") == before

    asyncio.run(play())


def test_only_the_owner_makes_a_room_private_and_then_only_members_are_in_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            rooms = verona.chat.directory
            await rooms.create_room(JULIET, "hall")
            await rooms.set_member(JULIET, "hall", "romeo", "moderator")
            players = {name: await verona.enters(name, "hall", v1=True) for name in ("juliet", "romeo")}
            paris = await verona.enters("paris", "hall")
            for who in (ROMEO, GUEST, WATCH):
                assert await refused(describe(verona, who, kind="private")) == "forbidden"
            await describe(verona, JULIET, kind="private")
            assert await paris.is_closed() == 4003
            for player in players.values():
                assert (await player.next_of("room_changed"))["kind"] == "private"
            assert await (await verona.enters("paris", "hall")).is_closed() == 4000
            assert await refused(verona.chat.reading.read_history(WATCH, "hall")) == "room_not_found"
            await describe(verona, JULIET, kind="open")
            assert await (await verona.enters("paris", "hall")).next_of("room_users_list")

    asyncio.run(play())


def test_watchers_of_a_room_that_becomes_private_hear_no_more_of_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(JULIET, "hall")
            romeo, juliet = await verona.connects("romeo"), await verona.connects("juliet")
            for player in (romeo, juliet):
                assert await watches(player, "hall") == {"hall": 0}
            await describe(verona, JULIET, kind="private")
            await verona.chat.say("hall", "news", sender=PRINCE)
            assert await news(juliet) == {"hall": 1}
            await hears_nothing(verona, romeo)

    asyncio.run(play())


@pytest.mark.long
def test_other_nodes_know_it_at_once_and_also_if_the_bus_loses_it(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as (mantua, verona):
            await verona.chat.directory.create_room(JULIET, "hall")
            far = await mantua.enters("juliet", "hall", v1=True)
            paris = await mantua.enters("paris", "hall")
            await describe(verona, JULIET, title="The hall", kind="private")
            frame = await far.next_of("room_changed")
            assert (frame["title"], frame["kind"]) == ("The hall", "private")
            assert await paris.is_closed() == 4003
            found = await verona.app.hooks.describe_room("hall", "Another", None, None)  # no order follows
            assert found == RoomDescription("Another", "", True)
            assert (await far.next_of("room_changed"))["title"] == "Another"
            await until(lambda: mantua.chat.rooms.get("hall").info.title == "Another", 5, "the title")

    asyncio.run(play())
