"""P4: history and live meet with no gap and no repeat, however many join while others talk."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.stage import COUNT, Player, Stage, open_stage

JOINS = COUNT * 20 or 120
AT_ONCE = 12
PER_SECOND = 500 if COUNT else 200


async def talk(romeo: Player, done: asyncio.Event) -> None:
    """Say the numbers from 1 on, `PER_SECOND`, and read one's own echo meanwhile."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number in itertools.count(1):
        await romeo.says(str(number))
        ahead = started + number / PER_SECOND - loop.time()
        if ahead > 0:
            try:
                await asyncio.wait_for(done.wait(), ahead)
            except TimeoutError:
                pass
        if done.is_set():
            return


async def listen(verona: Stage, number: int) -> tuple[int, int]:
    """Join, hear the history and ten more; count what is missing and what came again."""
    juliet = await verona.enters(f"juliet{number}", "general", v1=bool(number % 2))
    seen = [int(await juliet.hears())]
    while len(seen) < 60:
        seen.append(int(await juliet.hears()))
    await juliet.leaves()
    whole = range(seen[0], seen[-1] + 1)
    return len(set(whole) - set(seen)), len(seen) - len(set(seen)) + (sorted(seen) != seen)


async def listen_in_rooms(verona: Stage, number: int) -> tuple[int, int]:
    """The same on a connection for many rooms, which joins two others before and after."""
    juliet = await verona.connects(f"juliet{number}")
    for room in ("hall", "general", "garden"):
        await juliet.asks("join", id=room, room=room)
    seen: list[int] = []
    while len(seen) < 60:
        frame = await juliet.next_of("chat_message")
        assert frame["room"] == "general"
        seen.append(int(frame["message"]))
    await juliet.leaves()
    whole = range(seen[0], seen[-1] + 1)
    return len(set(whole) - set(seen)), len(seen) - len(set(seen)) + (sorted(seen) != seen)


@pytest.mark.parametrize("listens", [listen, listen_in_rooms], ids=["one room", "many rooms"])
def test_joining_while_others_talk(
    tmp_path: Path, listens: Callable[[Stage, int], Awaitable[tuple[int, int]]]
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            done = asyncio.Event()
            talking = asyncio.create_task(talk(romeo, done))
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> tuple[int, int]:
                async with gate:
                    return await listens(verona, number)

            found = await asyncio.gather(*(one(number) for number in range(JOINS)))
            done.set()
            await talking
            gaps, repeats = sum(gap for gap, _ in found), sum(repeat for _, repeat in found)
            print(f"\n{JOINS} joins during {PER_SECOND} messages/s: gaps {gaps}, repeats {repeats}")
            assert (gaps, repeats) == (0, 0)

    asyncio.run(play())
