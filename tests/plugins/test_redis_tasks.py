"""`redis`: its background tasks end with it."""

from __future__ import annotations

import asyncio

from tornchat_redis.tasks import Endless


def test_a_task_that_misses_its_cancellation_is_cancelled_again() -> None:
    """As under `asyncio.wait_for` before Python 3.12, if what it waits for ends at the same moment."""

    async def play() -> None:
        missed = 0
        begun = asyncio.Event()

        async def work() -> None:
            nonlocal missed
            while missed < 2:
                try:
                    begun.set()
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    missed += 1
            await asyncio.Event().wait()

        endless = Endless()
        endless.start(work)
        await begun.wait()
        async with asyncio.timeout(10):
            await endless.close()
        assert missed == 2

    asyncio.run(play())
