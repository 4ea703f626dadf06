"""Event loop lag: the delay of a timer callback, sampled at intervals."""

from __future__ import annotations

import asyncio

from tornchat.metrics.histogram import LATENCIES, Histogram

SAMPLE_SECONDS = 0.1


class LoopLag:
    """Samples the lag of the running loop while `run` is running."""

    def __init__(self) -> None:
        self.seconds = Histogram(LATENCIES)

    async def run(self) -> None:
        """Take a sample every `SAMPLE_SECONDS`, until cancelled."""
        time = asyncio.get_running_loop().time
        while True:
            due = time() + SAMPLE_SECONDS
            await asyncio.sleep(SAMPLE_SECONDS)
            self.seconds.observe(max(0.0, time() - due))
