"""Upgrades and rollbacks under load: node by node, with steps that only add; and a step that does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin

from tests.faults.fleet import Count, Fleet, Talker
from tests.plugins.peeweekit import Place, storage, texts
from tests.plugins.peeweesteps import ADDS, RENAMES, version_with
from tests.postgres import PostgresServer
from tests.valkey import valkey


@asynccontextmanager
async def talking(fleet: Fleet, number: int) -> AsyncIterator[list[Talker]]:
    """People talk meanwhile; at the end all that they said is acknowledged."""
    talkers = [Talker(f"p{n}", fleet) for n in range(number)]
    talks = [asyncio.create_task(talker.talk()) for talker in talkers]
    yield talkers
    for talker in talkers:
        talker.ending = True
    async with asyncio.timeout(20):
        await asyncio.gather(*talks)


async def go_on(talkers: Sequence[Talker]) -> None:
    """Wait until everybody has been heard on the nodes that there are now."""
    await asyncio.gather(*[talker.hears_of(20) for talker in talkers])


async def counted(place: Place, talkers: Sequence[Talker]) -> Count:
    async with storage(place) as chat:
        stored = await texts(chat)
    sent = set().union(*[talker.sent for talker in talkers])
    acked = set().union(*[talker.acked for talker in talkers])
    return Count(len(sent), len(acked), len(acked - set(stored)), len(stored) - len(set(stored)))


async def there_and_back(fleet: Fleet, nodes: int, newer: type[PeeweePlugin]) -> list[Talker]:
    """Upgrade node by node and go back in the same way, with an old node started beside a new one."""
    for number in range(nodes):
        await fleet.start(number)
    async with talking(fleet, 6) as talkers:
        await go_on(talkers)
        for number in range(nodes):
            await fleet.replace(number, newer)
            await go_on(talkers)
            if number + 1 < nodes:
                await fleet.replace(
                    number + 1
                )  # the version before, which finds a step that it does not know
                await go_on(talkers)
        for number in range(nodes):
            await fleet.replace(number)
            await go_on(talkers)
    await fleet.close()
    return talkers


def judge(found: Count, what: str) -> None:
    print(f"{what}: {found}")
    assert found.acked == found.sent > 0
    assert (found.lost, found.doubled) == (0, 0)


@pytest.mark.long
def test_three_nodes_are_upgraded_and_taken_back_without_loss(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    place = postgres.new_place()
    newer = version_with(tmp_path / "newer", _9000_moods=ADDS)

    async def play(bus: str) -> Count:
        fleet = Fleet(tmp_path, {"redis": {"url": bus}}, {"url": place})
        return await counted(place, await there_and_back(fleet, 3, newer))

    with valkey() as bus:
        judge(asyncio.run(play(bus.url)), "PostgreSQL, three nodes")


def test_one_process_with_sqlite_is_upgraded_and_taken_back_without_loss(tmp_path: Path) -> None:
    newer = version_with(tmp_path / "newer", _9000_moods=ADDS)

    async def play() -> Count:
        fleet = Fleet(tmp_path, {}, {"data_dir": str(tmp_path)})
        return await counted(tmp_path, await there_and_back(fleet, 1, newer))

    judge(asyncio.run(play()), "SQLite, one process")


def test_a_step_that_does_not_only_add_makes_old_nodes_refuse_until_it_is_taken_back(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    place = postgres.new_place()
    newer = version_with(tmp_path / "newer", _9001_story=RENAMES)

    async def play() -> list[str]:
        fleet = Fleet(tmp_path, {}, {"url": place})
        player = await (await fleet.start(0)).enters("romeo", "hall", v1=True)
        await newer(newer.Settings(url=place)).migrate()
        await player.says("too late", client_id="a")
        error = await player.next_of("error")
        assert (error["code"], error["id"]) == ("unavailable", "a")
        # What the step declares as the way back:
        postgres.execute("ALTER TABLE story RENAME TO message", place)
        postgres.execute("DELETE FROM schema_step WHERE name = '9001_story'", place)
        await player.says("too late", client_id="a")
        await player.next_of("ack")
        await fleet.close()
        async with storage(place) as chat:
            return await texts(chat)

    assert asyncio.run(play()) == ["too late"]
