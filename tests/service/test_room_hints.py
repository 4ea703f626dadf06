"""Who is told of memberships: the users themselves, on all their connections for many rooms and all nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes
from tests.service.test_direct import a_city, known
from tests.service.test_directory import JULIET, PRINCE, ROMEO, TYBALT
from tests.stage import Player, Stage
from tests.valkey import Valkey, valkey


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def greeted(stage: Stage, *names: str) -> list[Player]:
    players = [await stage.connects(name) for name in names]
    for player in players:
        assert (await player.next())["type"] == "hello"
    return players


async def told(player: Player) -> tuple[str, str]:
    frame: dict[str, Any] = await player.next()
    return frame["type"], frame["room"]


def test_members_are_told_that_they_are_and_that_they_are_no_more(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            rooms = verona.chat.directory
            romeo, phone, tybalt = await greeted(verona, "romeo", "romeo", "tybalt")
            await rooms.create_room(JULIET, "balcony", private=True)
            await rooms.set_member(JULIET, "balcony", "romeo", "member")
            for device in (romeo, phone):
                assert await told(device) == ("invited", "balcony")
            await rooms.set_member(JULIET, "balcony", "romeo", "moderator")  # who is told nothing more
            await rooms.remove_member(JULIET, "balcony", "romeo")
            for device in (romeo, phone):
                assert await told(device) == ("removed", "balcony")
            _, token = await verona.chat.inviting.invite(JULIET, "balcony")
            await verona.chat.inviting.accept(TYBALT, token)
            assert await told(tybalt) == ("invited", "balcony")

    asyncio.run(play())


def test_a_direct_room_is_told_to_all_of_its_users_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            juliet, romeo = await greeted(verona, "juliet", "romeo")
            room, _ = await verona.chat.direct.open(JULIET, ["romeo"])
            await verona.chat.direct.open(ROMEO, ["juliet"])
            another, _ = await verona.chat.direct.open(JULIET, ["romeo", "tybalt"])
            for player in (juliet, romeo):
                assert [await told(player), await told(player)] == [
                    ("invited", room.name),
                    ("invited", another.name),
                ]

    asyncio.run(play())


def test_it_is_told_on_all_nodes(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as (mantua, verona):
            await known(verona)
            [romeo] = await greeted(mantua, "romeo")
            room, _ = await verona.chat.direct.open(JULIET, ["romeo"])
            assert await told(romeo) == ("invited", room.name)
            await romeo.asks("watch", id="w", rooms=[room.name])
            assert (await romeo.next_of("room_news"))["rooms"][0][0] == room.name
            await verona.chat.describing.describe(PRINCE, room.name, title="The two of us")
            frame = await romeo.next_of("room_changed")
            assert (frame["title"], frame["kind"]) == ("The two of us", "direct")

    asyncio.run(play())
