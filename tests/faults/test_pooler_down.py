"""P2, P6, P13: the pooler before PostgreSQL is killed, or loses its server, in the midst of traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.test_storage_down import ask, check
from tests.pgbouncer import PgBouncer, needs_pgbouncer, pgbouncer
from tests.postgres import PostgresServer
from tests.stage import COUNT, Player, Stage, open_stage

pytestmark = needs_pgbouncer
TIMES = COUNT or 3
AT_ONCE = 10
EVERY = 0.02

Fault = Callable[[PgBouncer, PostgresServer], Awaitable[None]]


async def kill(pooler: PgBouncer, postgres: PostgresServer) -> None:
    for _ in range(TIMES):
        pooler.kill()
        await asyncio.sleep(0.2)  # the fault's length
        pooler.start()
        await asyncio.sleep(0.5)  # some messages between the faults


async def lose_the_server(pooler: PgBouncer, postgres: PostgresServer) -> None:
    """The pooler tells its clients of the loss in words of its own."""
    for _ in range(TIMES * 3):
        assert postgres.cut_off()
        await asyncio.sleep(0.3)  # some messages between the faults


@pytest.mark.parametrize(
    ("fault", "mode"), [(kill, "session"), (kill, "transaction"), (lose_the_server, "transaction")]
)
@pytest.mark.long
def test_nothing_is_lost_or_doubled(
    tmp_path: Path, postgres: PostgresServer, fault: Fault, mode: str
) -> None:
    url = postgres.new_place()

    async def play(pooler: PgBouncer) -> None:
        async with open_stage(tmp_path, {"peewee": {"url": pooler.url(url)}}) as verona:
            answers = await talk(verona, lambda: fault(pooler, postgres))
            rows = postgres.execute("SELECT client_id FROM message", url)
            check(f"{fault.__name__} {mode}", {client_id for (client_id,) in rows}, answers)
            romeo = await verona.enters("romeo", "general", v1=True)
            await say_again(romeo, {client_id for client_id, (kind, _) in answers.items() if kind != "ack"})
        rows = postgres.execute("SELECT seq, client_id FROM message ORDER BY seq", url)
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        assert sorted(client_id for _, client_id in rows) == sorted(answers)

    with pgbouncer(postgres, mode) as pooler:
        asyncio.run(play(pooler))


async def talk(verona: Stage, fault: Callable[[], Awaitable[None]]) -> dict[str, tuple[str, float]]:
    """Say many messages while `fault` happens and a little longer, and give the first answer to each."""
    romeo = await verona.enters("romeo", "general", v1=True)
    await romeo.next_of("user_join")
    asked: dict[str, float] = {}
    answers: dict[str, tuple[str, float]] = {}
    reading = asyncio.create_task(ask(romeo, answers, asked))
    failing = asyncio.ensure_future(fault())
    while not failing.done():
        for _ in range(AT_ONCE):
            await say(romeo, str(len(asked)), asked)
        await asyncio.sleep(EVERY)  # the pace of the test, not a wait for anything
    await failing
    await asyncio.sleep(1)  # until it has healed
    await say(romeo, "last", asked)
    async with asyncio.timeout(8):
        await reading
    return answers


async def say(romeo: Player, client_id: str, asked: dict[str, float]) -> None:
    asked[client_id] = asyncio.get_running_loop().time()
    await romeo.says(f"text {client_id}", client_id=client_id)


async def say_again(romeo: Player, unanswered: set[str]) -> None:
    """Send what was refused or is unconfirmed again, as a client does, until all of it is acknowledged."""
    for client_id in unanswered:
        await romeo.says(f"text {client_id}", client_id=client_id)
    while unanswered:
        unanswered.discard((await romeo.next_of("ack"))["id"])
