"""How late the event loop is: what a timer that is due has to wait for others, sampled."""

from __future__ import annotations

import asyncio

from tornchat.metrics.histogram import LATENCIES, Histogram

SAMPLE_SECONDS = 0.1


class LoopLag:
    """Samples the running loop while `run` does. Besides those samples it costs nothing."""

    def __init__(self) -> None:
        self.seconds = Histogram(LATENCIES)

    async def run(self) -> None:
        """Take a sample every `SAMPLE_SECONDS`, until cancelled."""
        time = asyncio.get_running_loop().time
        while True:
            due = time() + SAMPLE_SECONDS
            await asyncio.sleep(SAMPLE_SECONDS)
            self.seconds.observe(max(0.0, time() - due))
