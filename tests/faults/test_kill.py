"""P1, P6: a server is killed in mid-traffic. What it echoed is stored; what is resent is stored once."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.stage import COUNT, Player, Stage, serving

KILLS = COUNT or 4
ENOUGH = 150


async def chatter(
    player: Player, run: int, seen: set[str], unacknowledged: set[str], enough: asyncio.Event
) -> None:
    """Say one thing after the other, four in flight, until the server is gone."""
    number = 0
    try:
        while True:
            while len(unacknowledged) < 4:
                number += 1
                client_id = f"{player.name}-{run}-{number}"
                unacknowledged.add(client_id)
                await player.says(f"text {client_id}", client_id=client_id)
            frame = json.loads(await player.receive())
            if frame["type"] == "ack":
                unacknowledged.discard(frame["id"])
            elif frame["type"] == "chat_message":
                seen.add(frame["message"])
                if len(seen) > ENOUGH:
                    enough.set()
    except ConnectionClosed:
        return


async def mid_traffic(stage: Stage, run: int, kill) -> tuple[set[str], list[str]]:  # type: ignore[no-untyped-def]
    """Give all that anybody saw, and what was never acknowledged."""
    seen: set[str] = set()
    enough = asyncio.Event()
    players = [await stage.enters(f"p{n}", "hall", v1=True) for n in range(3)]
    waiting: list[set[str]] = [set() for _ in players]
    talks = [
        asyncio.create_task(chatter(p, run, seen, w, enough)) for p, w in zip(players, waiting, strict=True)
    ]
    async with asyncio.timeout(20):
        await enough.wait()
    kill()
    await asyncio.gather(*talks)
    await stage.clear()
    return seen, sorted(set().union(*waiting))


async def resend(stage: Stage, client_ids: list[str]) -> None:
    """Say again what was not acknowledged, twice, until each is."""
    for client_id in client_ids * 2:
        player = await stage.enters(client_id.split("-")[0], "hall", v1=True)
        await player.says(f"text {client_id}", client_id=client_id)
        assert (await player.next_of("ack"))["id"] == client_id
    await stage.clear()


def stored(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "tornchat.db")) as database:
        return [text for (text,) in database.execute("SELECT text FROM message ORDER BY seq")]


@pytest.mark.long
def test_what_was_echoed_is_stored_and_what_is_resent_is_stored_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    echoed: set[str] = set()
    resent = 0
    for run in range(KILLS):
        with serving(data_dir) as server:
            seen, unacknowledged = asyncio.run(mid_traffic(server.stage, run, server.kill))
            echoed |= seen
        with serving(data_dir) as server:
            asyncio.run(resend(server.stage, unacknowledged))
            resent += len(unacknowledged)
            assert server.stop() == 0
    texts = stored(data_dir)
    lost, doubled = echoed - set(texts), len(texts) - len(set(texts))
    print(
        f"\n{KILLS} kills: {len(echoed)} echoed, not stored: {len(lost)}; {resent} resent, doubled: {doubled}"
    )
    assert not lost
    assert doubled == 0
