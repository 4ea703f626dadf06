"""Who is removed is out: also who is just entering, and on nodes that the bus does not reach."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from tornchat_local import LocalPlugin
from tornchat_peewee import PeeweePlugin

from tests.service.test_directory import JULIET, PRINCE
from tests.stage import Player, Stage, open_stage
from tornchat import Page, RoomInfo, User, hookimpl
from tornchat.wire import Said

SECRET = "the one key that all nodes of this chat have"


class Gate:
    """Holds the calls of a storage after they have their answer, once it is closed."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.opened.set()
        self.reached = asyncio.Event()

    def close(self) -> None:
        self.opened.clear()

    async def passed(self) -> None:
        if not self.opened.is_set():
            self.reached.set()
        await self.opened.wait()


def slow_storage(history: Gate, rooms: Gate) -> type[PeeweePlugin]:
    class Slow(PeeweePlugin):
        @hookimpl
        async def read_history(
            self, room: str, after: int | None, before: int | None, limit: int
        ) -> Page | None:
            page = await super().read_history(room, after, before, limit)
            await history.passed()
            return page

        @hookimpl
        async def open_room(
            self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
        ) -> RoomInfo | None:
            info = await super().open_room(name, user, create, owned_limit, owner)
            await rooms.passed()
            return info

    return Slow


async def remove(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.directory.remove_member(JULIET, room, user_id)


async def kick(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.moderation.kick(JULIET, room, user_id)


async def ban(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.moderation.ban(JULIET, room, user_id, 600)


async def delete(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.directory.delete_room(JULIET, room)


async def disconnect(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.site.disconnect(PRINCE, user_id)


async def ban_from_site(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.site.ban(PRINCE, user_id, 600)


async def revoke(stage: Stage, room: str = "crypt", user_id: str = "romeo") -> None:
    await stage.chat.site.revoke(PRINCE, user_id)


WAYS = [remove, kick, ban, delete, disconnect, ban_from_site, revoke]
Way = Callable[..., Awaitable[None]]


@pytest.mark.parametrize("held", ["history", "rooms"])
@pytest.mark.parametrize("way", WAYS)
def test_who_is_removed_while_entering_is_not_let_in(tmp_path: Path, way: Way, held: str) -> None:
    async def play() -> None:
        gates = {"history": Gate(), "rooms": Gate()}
        settings = {
            "tornchat": {"plugins": "jwt, store, local"},
            "store": {"data_dir": str(tmp_path)},
            "rooms": {"history_limit": 0},
        }
        async with open_stage(tmp_path, settings, {"store": slow_storage(**gates)}) as stage:
            await stage.chat.directory.create_room(JULIET, "crypt", private=True)
            await stage.chat.directory.set_member(JULIET, "crypt", "romeo", "member")
            for number in range(120):  # more than a tail holds: a resume from the first reads storage
                await stage.chat.posting.post(JULIET, "crypt", Said(f"{number}"))
            nurse = await stage.enters("juliet", "crypt", v1=True)
            welcome = await nurse.next_of("welcome")
            gates[held].close()
            since = {"since": 1, "epoch": welcome["epoch"]}
            entering = asyncio.create_task(stage.enters("romeo", "crypt", v1=True, query=since))
            await gates[held].reached.wait()
            removing = asyncio.create_task(way(stage))
            await asyncio.sleep(0.3)  # the removal may itself wait for this gate
            gates[held].opened.set()
            await removing
            code = await (await entering).is_closed()
            assert code in (4000, 4001, 4003), code
            here = stage.chat.rooms.get("crypt")
            assert here is None or all(member.user.id != "romeo" for member in here.members())

    asyncio.run(play())


class BusThatIsAway(LocalPlugin):
    """A broadcast for several nodes that passes nothing from one to the other."""

    @hookimpl
    def broadcast_scope(self) -> Literal["process", "cluster"]:
        return "cluster"


@asynccontextmanager
async def two_nodes_without_a_bus(place: Path) -> AsyncIterator[tuple[Stage, Stage]]:
    """Both use one database, and no word passes from one to the other."""
    settings = {
        "tornchat": {"plugins": ("jwt", "peewee", "away"), "data_dir": str(place)},
        "jwt": {"secret": SECRET},
        "peewee": {"url": f"apsw:///{place}/tornchat.db"},
    }
    async with AsyncExitStack() as stack:
        plugins = {"away": BusThatIsAway}
        verona, mantua = [
            await stack.enter_async_context(open_stage(place, settings, plugins)) for _ in range(2)
        ]
        verona.key = mantua.key = SECRET
        yield verona, mantua


async def in_crypt(stage: Stage) -> Player:
    romeo = await stage.enters("romeo", "crypt", v1=True)
    assert await romeo.next_of("room_users_list")
    return romeo


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.long
def test_every_node_enforces_it_within_five_seconds_without_the_bus(tmp_path: Path, way: Way) -> None:
    async def play() -> None:
        async with two_nodes_without_a_bus(tmp_path) as (verona, mantua):
            await verona.chat.directory.create_room(JULIET, "crypt", private=True)
            await verona.chat.directory.set_member(JULIET, "crypt", "romeo", "member")
            romeo = await in_crypt(mantua)
            root = await mantua.enters("root", "crypt", token=mantua.token("root", roles=["admin"]))
            assert await root.next_of("room_users_list")
            began = time.monotonic()
            await way(verona)
            assert await romeo.is_closed() in (4000, 4001, 4003)
            assert time.monotonic() - began < 5
            if way is not delete:
                await root.says("An admin stays.")
                assert await root.hears() == "An admin stays."

    asyncio.run(play())


def test_who_was_kicked_may_come_again_at_once_and_stays(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "crypt")
            for way in (kick, disconnect):
                romeo = await in_crypt(stage)
                await way(stage)
                assert await romeo.is_closed() == 4003
                back = await in_crypt(stage)
                await stage.chat._enforcement.upkeep()
                await back.says("I am back.", client_id=way.__name__)
                assert await back.hears() == "I am back."
                await back.leaves()

    asyncio.run(play())
