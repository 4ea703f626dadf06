"""The lag of the loop is what a timer had to wait."""

from __future__ import annotations

import asyncio
import time

from tornchat.metrics.looplag import SAMPLE_SECONDS, LoopLag


def test_what_blocks_the_loop_shows_in_the_samples():
    async def main() -> LoopLag:
        lag = LoopLag()
        sampling = asyncio.create_task(lag.run())
        await asyncio.sleep(SAMPLE_SECONDS / 2)
        block = time.sleep
        block(0.3)
        await asyncio.sleep(0.5 * SAMPLE_SECONDS)
        sampling.cancel()
        return lag

    assert asyncio.run(main()).seconds.total > 0.2
