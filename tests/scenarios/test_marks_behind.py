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
MESSAGES, REACTIONS, BATCH = 50, 50_000, 1000
TOKENS = tuple(f"t{n}" for n in range(6))
COLD, WARM = 25, 10
MOST = 1.2
"""How many times as long a join may take."""


def reactions() -> list[Draft]:
    """1,000 users react to each message with one of six tokens."""
    users = REACTIONS // MESSAGES
    return [
        mark(seq, TOKENS[(user + seq) % len(TOKENS)], room="marked", sender=f"u{user}")
        for user in range(users)
        for seq in range(1, MESSAGES + 1)
    ]


async def fill(verona: Stage) -> None:
    hooks = verona.chat._hooks
    for room in ("marked", "plain"):
        await verona.chat.create_room(room, by=ANN)
        drafts = [draft(f"message {n}: {'x' * 60}", room=room) for n in range(MESSAGES)]
        drafts += reactions() if room == "marked" else []
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
    if room == "marked":
        assert frames[-1]["position"] == MESSAGES + REACTIONS
        counts = [tally["count"] for one in told for tally in one["marks"]["reaction"].values()]
        assert sum(counts) == REACTIONS
    await player.leaves()
    return took


def ratio(times: dict[str, list[float]], what: str) -> float:
    marked, plain = median(times["marked"]), median(times["plain"])
    print(f"\n{what}: {marked * 1000:.2f} ms behind {REACTIONS:,} reactions, {plain * 1000:.2f} ms without")
    return marked / plain


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_join_behind_fifty_thousand_reactions(tmp_path: Path) -> None:
    """`pytest -m long tests/scenarios/test_marks_behind.py -s` shows the figures."""
    limits = {"handshakes_per_second": 0, "joins_per_second": 0}
    cold: dict[str, list[float]] = {"marked": [], "plain": []}
    warm: dict[str, list[float]] = {"marked": [], "plain": []}

    async def visit(verona: Stage, times: dict[str, list[float]], turn: int) -> None:
        for room in ("marked", "plain")[:: 1 if turn % 2 else -1]:
            times[room].append(await join(verona, room))

    async def play() -> None:
        async with open_stage(tmp_path, {"limits": limits}) as verona:
            await fill(verona)
        for turn in range(COLD):
            async with open_stage(tmp_path, {"limits": limits}) as verona:
                await (await verona.enters("nurse", "lobby", v1=True)).next_of("caught_up")
                await visit(verona, cold, turn)
                for again in range(WARM):
                    await visit(verona, warm, again)

    asyncio.run(play())
    found = ratio(cold, "cold room"), ratio(warm, "loaded room")
    assert max(found) <= MOST, f"{found[0]:.2f} and {found[1]:.2f} times as long"
