"""`tornchat`, whose pruning stands still after its first batch, until a signal ends it.

    python -m tests.cli.held history prune --older-than 1d

It prints `held` then. A test that interrupts it there interrupts it in the middle on any machine.
"""

from __future__ import annotations

import asyncio
import signal

from tornchat.cli import main
from tornchat.hooks.calls import Hooks
from tornchat.hooks.verbs import Verbs

HELD = "held"


BIND = Hooks._bind_rooms


def _held(hooks: Hooks, verbs: Verbs) -> None:
    BIND(hooks, verbs)
    whole = hooks.prune_history

    async def first_batch_only(
        room: str | None, before_ms: int, limit: int, unread_before_ms: int | None
    ) -> int:
        count = await whole(room, before_ms, limit, unread_before_ms)
        print(HELD, flush=True)
        await asyncio.Event().wait()
        return count

    hooks.prune_history = first_batch_only


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    Hooks._bind_rooms = _held  # type: ignore[method-assign]
    main()
