"""Forgetting what is older than a time: in small batches, so that no message waits for it long."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.calls import Hooks

log = logging.getLogger("tornchat.pruning")

BATCH_ENTRIES = 500
REST = 3.0
"""How many times as long as a batch took the writer is left to others after it."""
DAY_MS = 86_400_000


async def prune(
    hooks: Hooks, room: str | None, before_ms: int, told: Callable[[int], None] | None = None
) -> int:
    """Forget what is from before `before_ms`, in one room or in all; say how many entries it were.

    `told` is called with the number so far. It may be cancelled at any time: each batch is whole.
    Raises `Unavailable`.
    """
    count = 0
    while True:
        began = time.monotonic()
        batch = await hooks.prune_history(room, before_ms, BATCH_ENTRIES)
        if not batch:
            return count
        count += batch
        if told is not None:
            told(count)
        await asyncio.sleep(REST * (time.monotonic() - began))


class Retention:
    """Forgets what is older than `keep_days`. `prune` is to be called regularly."""

    def __init__(self, hooks: Hooks, keep_days: int) -> None:
        """Raises `SettingsError` if no plugin can forget."""
        refuse_without_pruning(hooks)
        self._hooks = hooks
        self._keep_ms = keep_days * DAY_MS

    async def prune(self) -> None:
        """Forget what is too old by now. Raises nothing: what fails is logged, and done the next time."""
        try:
            count = await prune(self._hooks, None, int(time.time() * 1000) - self._keep_ms)
        except Unavailable:
            return
        if count:
            log.info("pruned %d entries that were too old", count)


def refuse_without_pruning(hooks: Hooks) -> None:
    """Raise `SettingsError` unless a loaded plugin provides `prune_history`."""
    if not hooks.provides("prune_history"):
        raise SettingsError(
            "No loaded plugin can prune the history (prune_history).",
            "Add one that does to [tornchat] plugins, or remove [history] keep_days.",
        )
