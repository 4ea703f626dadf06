"""Many come at once to a room that is not loaded: one asks the storage for all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tornchat_peewee import PeeweePlugin

from tests.stage import open_stage
from tornchat import RoomInfo, Unavailable, User, hookimpl


def counting(asked: list[str], fails: int = 0) -> type[PeeweePlugin]:
    """A storage that notes who asks it for a room, takes its time, and fails the first times."""

    class Counting(PeeweePlugin):
        @hookimpl
        async def open_room(
            self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
        ) -> RoomInfo | None:
            asked.append(user.id)
            await asyncio.sleep(0.1)
            if len(asked) <= fails:
                raise Unavailable("not yet")
            return await super().open_room(name, user, create, owned_limit, owner)

    return Counting


def settings(place: Path) -> dict[str, dict[str, object]]:
    return {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(place)}}


def test_one_opens_the_room_for_all(tmp_path: Path) -> None:
    async def play() -> None:
        asked: list[str] = []
        async with open_stage(tmp_path, settings(tmp_path), {"store": counting(asked)}) as verona:
            players = await asyncio.gather(*(verona.enters(f"user{n}", "hall") for n in range(20)))
            await players[0].says("All the world's a stage")
            assert {await player.hears() for player in players} == {"All the world's a stage"}
            assert set(asked) == {asked[0]}, "one opens it, or creates it, for all"

    asyncio.run(play())


def test_if_the_first_fails_the_others_ask_for_themselves(tmp_path: Path) -> None:
    async def play() -> None:
        asked: list[str] = []
        async with open_stage(tmp_path, settings(tmp_path), {"store": counting(asked, fails=1)}) as verona:
            players = await asyncio.gather(*(verona.enters(f"user{n}", "hall") for n in range(5)))
            refused = [player for player in players if player.name == asked[0]]
            assert await refused[0].is_closed() == 1013
            for player in players:
                if player is not refused[0]:
                    assert await player.next_of("room_users_list")

    asyncio.run(play())
