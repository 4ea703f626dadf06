"""A join costs what its messages cost, however many reactions stand between them and the end of the log."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

import pytest

from tests.scenarios.test_changes import history
from tests.stage import Stage, open_stage
from tornchat import Draft, User
from tornchat.testing.fixtures import draft, mark

ANN = User("ann", "ann")
MESSAGES, BATCH = 50, 1000
REACTIONS = {"plain": 0, "marked": 50_000}
"""How many reactions stand behind the messages of each room."""
TOKENS = tuple(f"t{n}" for n in range(6))
COLD, LOADED = 26, 10
MOST = 1.2
"""How many times as long a join may take."""


def reactions(room: str) -> list[Draft]:
    """Each user reacts to each message with one of six tokens."""
    return [
        mark(seq, TOKENS[(user + seq) % len(TOKENS)], room=room, sender=f"u{user}")
        for user in range(REACTIONS[room] // MESSAGES)
        for seq in range(1, MESSAGES + 1)
    ]


async def fill(verona: Stage) -> None:
    hooks = verona.chat._hooks
    for room in REACTIONS:
        await verona.chat.create_room(room, by=ANN)
        drafts = [draft(f"message {n}: {'x' * 60}", room=room) for n in range(MESSAGES)]
        drafts += reactions(room)
        for start in range(0, len(drafts), BATCH):
            batch = drafts[start : start + BATCH]
            call = hooks.begin_store(batch)
            await asyncio.wait({call})
            assert not any(result.repeated for result in hooks.store_results(call, batch))  # type: ignore[union-attr]


async def join(verona: Stage, room: str) -> float:
    """Seconds from connecting to the end of the history."""
    start = time.perf_counter()
    player = await verona.enters("nurse", room, v1=True)
    frames = await history(player)
    took = time.perf_counter() - start
    told = [frame for frame in frames if frame["type"] == "chat_message"]
    assert len(told) == MESSAGES
    assert frames[-1]["position"] == MESSAGES + REACTIONS[room]
    marks = [one.get("marks", {}).get("reaction", {}) for one in told]
    assert sum(tally["count"] for tallies in marks for tally in tallies.values()) == REACTIONS[room]
    await player.leaves()
    return took


def medians(times: dict[str, list[float]], what: str) -> dict[str, float]:
    found = {room: median(all_of) for room, all_of in times.items()}
    told = (f"{found[room] * 1000:.2f} ms behind {REACTIONS[room]:,}" for room in REACTIONS)
    print(f"\njoin of a {what}, by reactions: {', '.join(told)}")
    return found


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_a_join_behind_fifty_thousand_reactions(tmp_path: Path) -> None:
    """`pytest -m long tests/scenarios/test_marks_behind.py -s` shows the figures."""
    limits = {"handshakes_per_second": 0, "joins_per_second": 0}
    cold: dict[str, list[float]] = {room: [] for room in REACTIONS}
    loaded: dict[str, list[float]] = {room: [] for room in REACTIONS}

    async def visit(verona: Stage, times: dict[str, list[float]], turn: int) -> None:
        for room in list(REACTIONS)[:: 1 if turn % 2 else -1]:
            times[room].append(await join(verona, room))

    async def play() -> None:
        async with open_stage(tmp_path, {"limits": limits}) as verona:
            await fill(verona)
        for turn in range(COLD):
            async with open_stage(tmp_path, {"limits": limits}) as verona:
                await (await verona.enters("nurse", "lobby", v1=True)).next_of("caught_up")
                await visit(verona, cold, turn)
                for again in range(LOADED):
                    await visit(verona, loaded, again)

    asyncio.run(play())
    first, later = medians(cold, "room that is not loaded"), medians(loaded, "loaded room")
    assert later["marked"] <= MOST * later["plain"]
    assert first["marked"] <= MOST * first["plain"]
