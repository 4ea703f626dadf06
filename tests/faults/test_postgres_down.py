"""P2, P13: PostgreSQL is stopped, crashes, or cuts its clients off. Nobody is told a falsehood."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.faults.test_storage_down import ask, check, say_until
from tests.postgres import PostgresServer
from tests.stage import COUNT, open_stage

STOPPED_SECONDS = 30.0 if COUNT else 6.0
TIMES = COUNT or 3


async def stop(postgres: PostgresServer) -> None:
    with postgres.stopped():
        await asyncio.sleep(STOPPED_SECONDS)  # the fault's length


async def crash(postgres: PostgresServer) -> None:
    for _ in range(TIMES):
        postgres.kill()
        await asyncio.sleep(0.5)  # the fault's length
        postgres.start()
        await asyncio.sleep(0.5)  # some messages between the faults


async def cut_off(postgres: PostgresServer) -> None:
    for _ in range(TIMES * 3):
        assert await connected_and_cut_off(postgres)
        await asyncio.sleep(0.3)  # some messages between the faults


async def connected_and_cut_off(postgres: PostgresServer) -> bool:
    """Try for 10 seconds: the server connects again with the next message, which may take a moment."""
    for _ in range(100):
        if postgres.cut_off():
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.mark.parametrize("fault", [stop, crash, cut_off])
@pytest.mark.long
def test_a_database_server_that_fails(tmp_path: Path, postgres: PostgresServer, fault) -> None:
    url = postgres.new_place()

    async def play() -> None:
        async with open_stage(tmp_path, {"peewee": {"url": url}}) as verona:
            loop = asyncio.get_running_loop()
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.next_of("user_join")
            asked: dict[str, float] = {}
            answers: dict[str, tuple[str, float]] = {}
            reading = asyncio.create_task(ask(romeo, answers, asked))
            failing = asyncio.create_task(fault(postgres))
            while not failing.done():
                await say_until(romeo, asked, loop.time() + 0.2)
            await failing
            await say_until(romeo, asked, loop.time() + 1)
            asked["last"] = loop.time()
            await romeo.says("text last", client_id="last")
            async with asyncio.timeout(8):
                await reading
        rows = postgres.execute("SELECT seq, client_id FROM message ORDER BY seq", url)
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        check(fault.__name__, {client_id for _, client_id in rows}, answers)

    asyncio.run(play())


@pytest.mark.long
def test_a_chat_on_postgres_chats(tmp_path: Path, postgres: PostgresServer) -> None:
    """Two servers on one database: each tells its own members at once, and the log is one."""
    settings = {"peewee": {"url": postgres.new_place()}}

    async def play() -> None:
        async with open_stage(tmp_path, settings) as verona, open_stage(tmp_path, settings) as mantua:
            romeo = await verona.enters("romeo", "general")
            juliet = await verona.enters("juliet", "general")
            await romeo.says("hello")
            assert await romeo.hears() == await juliet.hears() == "hello"
            nurse = await mantua.enters("nurse", "general")
            assert await nurse.hears() == "hello"
            await nurse.says("madam")
            assert await nurse.hears() == "madam"
            assert await juliet.hears() == "madam"  # from the log, by the position check

    asyncio.run(play())
