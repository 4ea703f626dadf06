"""`tornchat`, whose pruning stands still after its first batch, until a signal ends it.

    python -m tests.cli.held history prune --older-than 1d

It prints `held` then. A test that interrupts it there interrupts it in the middle on any machine.
"""

from __future__ import annotations

import asyncio
import signal

from tornchat.cli import main
from tornchat.hooks.calls import Hooks

HELD = "held"


async def _first_batch_only(hooks: Hooks, room: str | None, before_ms: int, limit: int) -> int:
    count = await WHOLE(hooks, room, before_ms, limit)
    print(HELD, flush=True)
    await asyncio.Event().wait()
    return count


WHOLE = Hooks.prune_history

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    Hooks.prune_history = _first_batch_only  # type: ignore[method-assign]
    main()
