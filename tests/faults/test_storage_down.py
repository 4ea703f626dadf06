"""P2, P13: the database is locked by somebody else. Nobody is told a falsehood, and it heals by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.stage import COUNT, Player, open_stage

LOCKED_SECONDS = 30.0 if COUNT else 6.0
EVERY = 0.25


async def ask(player: Player, answers: dict[str, tuple[str, float]], asked: dict[str, float]) -> None:
    """Note what becomes of each message, and after how many seconds."""
    loop = asyncio.get_running_loop()
    while "last" not in answers or len(answers) < len(asked):
        frame = await player.next()
        if frame["type"] in ("ack", "error"):
            kind = frame.get("code", "ack")
            answers.setdefault(frame["id"], (kind, loop.time() - asked[frame["id"]]))


async def say_until(player: Player, asked: dict[str, float], end: float) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < end:
        client_id = str(len(asked))
        asked[client_id] = loop.time()
        await player.says(f"text {client_id}", client_id=client_id)
        await asyncio.sleep(EVERY)  # the pace of the test, not a wait for anything


@pytest.mark.long
def test_a_locked_database(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            loop = asyncio.get_running_loop()
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.next_of("user_join")
            asked: dict[str, float] = {}
            answers: dict[str, tuple[str, float]] = {}
            reading = asyncio.create_task(ask(romeo, answers, asked))
            with closing(sqlite3.connect(tmp_path / "tornchat.db", isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await say_until(romeo, asked, loop.time() + LOCKED_SECONDS)
                other.execute("ROLLBACK")
            await say_until(romeo, asked, loop.time() + 1)
            asked["last"] = loop.time()
            await romeo.says("text last", client_id="last")
            async with asyncio.timeout(8):
                await reading
        with closing(sqlite3.connect(tmp_path / "tornchat.db")) as database:
            stored = {client_id for (client_id,) in database.execute("SELECT client_id FROM message")}
        check(f"locked {LOCKED_SECONDS:.0f} s", stored, answers)
        assert "unavailable" in {kind for kind, _ in answers.values()}, "the lock was never felt"

    asyncio.run(play())


def check(fault: str, stored: set[object], answers: dict[str, tuple[str, float]]) -> None:
    """Print what the fault did, and hold the answers against what is `stored`."""
    acked = {client_id for client_id, (kind, _) in answers.items() if kind == "ack"}
    failed = {client_id for client_id, (kind, _) in answers.items() if kind == "unavailable"}
    slowest = max(seconds for _, seconds in answers.values())
    print(
        f"\n{fault}: {len(answers)} sent, {len(acked)} acked, "
        f"{len(failed)} told as failed, "
        f"{len(answers) - len(acked) - len(failed)} unconfirmed; acked but not stored {len(acked - stored)}, "
        f"told as failed but stored {len(failed & stored)}, slowest answer {slowest:.1f} s"
    )
    assert acked <= stored
    assert not failed & stored
    assert slowest < 5.1
    assert "last" in acked, "it did not heal"
