"""Direct rooms: one for each set of users, whoever opens it; who is refused; who may come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes
from tests.service.test_directory import GUEST, JULIET, PRINCE, ROMEO, TYBALT, refused
from tests.stage import Stage, open_stage
from tests.valkey import Valkey, valkey
from tornchat import KnownUser, Membership, User, hookimpl
from tornchat.service.direct import UNREACHABLE, key_of
from tornchat.service.names import name_key

PEOPLE = (JULIET, ROMEO, TYBALT)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def known(stage: Stage, users: Sequence[User] = PEOPLE) -> None:
    """Have these users been here once."""
    await stage.app.hooks.store_users(
        [KnownUser(one.id, one.username, name_key(one.username)) for one in users]
    )


@asynccontextmanager
async def a_city(tmp_path: Path, **settings: Any) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, settings) as verona:
        await known(verona)
        yield verona


def test_it_is_the_one_room_of_two_whoever_opens_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            direct = verona.chat.direct
            room, created = await direct.open(JULIET, ["romeo"])
            assert (room.kind, room.private, room.owner, created) == ("direct", True, None, True)
            assert "juliet" not in room.name
            assert "romeo" not in room.name
            for who, others in ((ROMEO, ["juliet"]), (JULIET, ["romeo", "juliet", "romeo"])):
                assert await direct.open(who, others) == (room, False)
            members = await verona.chat.directory.read_members(ROMEO, room.name)
            assert members == [Membership("juliet", "member"), Membership("romeo", "member")]
            assert room in (await verona.chat.directory.list_rooms(ROMEO)).rooms
            three, created = await direct.open(ROMEO, ["juliet", "tybalt"])
            assert created
            assert three.name != room.name
            juliet, romeo = [await verona.enters(name, room.name, v1=True) for name in ("juliet", "romeo")]
            await juliet.says("hello", "1")
            assert await romeo.hears() == "hello"
            assert await (await verona.enters("tybalt", room.name)).is_closed() == 4000

    asyncio.run(play())


@pytest.mark.parametrize(
    ("who", "others", "code"),
    [
        (JULIET, [], "invalid_message"),
        (JULIET, ["juliet"], "invalid_message"),
        (JULIET, [f"u{number}" for number in range(9)], "invalid_message"),
        (JULIET, ["x" * 257], "invalid_message"),
        (JULIET, ["a\0b"], "invalid_message"),
        (JULIET, ["\ud800"], "invalid_message"),
        (JULIET, ["nobody"], "not_found"),
        (JULIET, ["romeo", "nobody"], "not_found"),
        (GUEST, ["romeo"], "forbidden"),
    ],
)
def test_who_is_refused(tmp_path: Path, who: User, others: list[str], code: str) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            assert await refused(verona.chat.direct.open(who, others)) == code
            assert (await verona.chat.directory.list_rooms(PRINCE)).rooms == ()

    asyncio.run(play())


def test_who_is_blocked_learns_no_more_than_of_somebody_unknown(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            room, _ = await verona.chat.direct.open(TYBALT, ["juliet"])
            await verona.chat.blocks.block(JULIET, "tybalt")
            for others in (["juliet"], ["juliet", "romeo"], ["nobody"]):
                with pytest.raises(Exception, match=UNREACHABLE):
                    await verona.chat.direct.open(TYBALT, others)
            assert await verona.chat.direct.open(JULIET, ["tybalt"]) == (room, False)

    asyncio.run(play())


class NoTybalt:
    """Lets nobody open a direct room with one user."""

    @hookimpl
    def authorize(self, action: str, room: str) -> bool | None:
        return False if (action, room) == ("direct", "tybalt") else None


def test_plugins_are_asked_about_each_of_the_others(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"tornchat": {"plugins": ("strict", "jwt", "peewee", "local")}}
        async with open_stage(tmp_path, settings, {"strict": NoTybalt}) as verona:
            await known(verona)
            assert (await verona.chat.direct.open(JULIET, ["romeo"]))[1]
            assert await refused(verona.chat.direct.open(JULIET, ["romeo", "tybalt"])) == "forbidden"

    asyncio.run(play())


def test_two_stay_two_and_of_more_one_may_go_and_come_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            rooms, direct = verona.chat.directory, verona.chat.direct
            two, _ = await direct.open(JULIET, ["romeo"])
            three, _ = await direct.open(JULIET, ["romeo", "tybalt"])
            for who, user_id, role in (
                (JULIET, "tybalt", "member"),
                (PRINCE, "tybalt", "member"),
                (PRINCE, "juliet", "owner"),
                (PRINCE, "juliet", "moderator"),
            ):
                assert await refused(rooms.set_member(who, two.name, user_id, role)) == "forbidden"
            for who in (JULIET, PRINCE):
                assert await refused(rooms.remove_member(who, two.name, "juliet")) == "forbidden"
                assert await refused(verona.chat.inviting.invite(who, three.name)) == "forbidden"
                described = verona.chat.describing.describe(who, three.name, kind="open")
                assert await refused(described) == "forbidden"
            await rooms.remove_member(TYBALT, three.name, "tybalt")
            assert await refused(rooms.read_room(TYBALT, three.name)) == "room_not_found"
            assert await direct.open(JULIET, ["romeo", "tybalt"]) == (three, False)
            assert await refused(rooms.read_room(TYBALT, three.name)) == "room_not_found"
            assert await direct.open(TYBALT, ["juliet", "romeo"]) == (three, False)
            assert await rooms.read_room(TYBALT, three.name) == three

    asyncio.run(play())


def test_a_deleted_one_makes_way_for_another(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            room, _ = await verona.chat.direct.open(JULIET, ["romeo"])
            await verona.chat.directory.delete_room(PRINCE, room.name)
            another, created = await verona.chat.direct.open(ROMEO, ["juliet"])
            assert created
            assert another.name != room.name

    asyncio.run(play())


@pytest.mark.parametrize(("pattern", "code"), [("[a-z0-9]{1,31}", ""), ("[a-z]{1,9}", "not_provided")])
def test_the_name_is_one_that_rooms_may_have(tmp_path: Path, pattern: str, code: str) -> None:
    async def play() -> None:
        async with a_city(tmp_path, rooms={"name_pattern": pattern, "default": "hall"}) as verona:
            if code:
                assert await refused(verona.chat.direct.open(JULIET, ["romeo"])) == code
            else:
                assert (await verona.chat.direct.open(JULIET, ["romeo"]))[1]

    asyncio.run(play())


def test_as_many_as_rooms_may_be_created_in_an_hour(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path, limits={"rooms_per_hour": 1}) as verona:
            await verona.chat.direct.open(JULIET, ["romeo"])
            assert await refused(verona.chat.direct.open(JULIET, ["tybalt"])) == "rate_limited"
            assert not (await verona.chat.direct.open(JULIET, ["romeo"]))[1], (
                "one that is there costs nothing"
            )

    asyncio.run(play())


def test_two_nodes_at_once_get_one_room(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as nodes:
            await known(nodes[0])
            calls = []
            for number in range(10):
                who, other = (JULIET, "romeo") if number % 2 else (ROMEO, "juliet")
                calls.append(nodes[number % 2].chat.direct.open(who, [other]))
            found = await asyncio.gather(*calls)
            assert len({room.name for room, _ in found}) == 1
            assert sum(created for _, created in found) == 1
            assert len(await nodes[0].chat.directory.read_members(JULIET, found[0][0].name)) == 2

    asyncio.run(play())


def test_the_key_does_not_depend_on_the_order_and_is_of_whole_ids() -> None:
    assert key_of(["a", "b"]) == key_of(["b", "a", "b"])
    assert len({key_of(ids) for ids in (["a", "b"], ["ab"], ["a", "bc"], ["ab", "c"], ["a", "b", "c"])}) == 5
