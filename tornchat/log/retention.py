"""Deletion of old entries, in small batches so that it hardly delays messages."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from itertools import takewhile

from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.calls import Hooks

log = logging.getLogger("tornchat.pruning")

BATCH_ENTRIES = 500
PAGE_ENTRIES = 1000
REST = 3.0
"""Pause after a batch, as a multiple of the duration of the batch."""
DAY_MS = 86_400_000


async def prune(
    hooks: Hooks,
    room: str | None,
    before_ms: int,
    told: Callable[[int], None] | None = None,
    patience_ms: int = 0,
) -> int:
    """Delete the entries sent before `before_ms` (Unix time in ms) and return their number.

    `room` None means all rooms. Entries that a consumer has not taken stay for `patience_ms` longer. `told`
    is called after each batch with the number of entries deleted so far. Cancellation is safe at any time,
    since a batch is atomic. Raises `Unavailable`.
    """
    count = 0
    while True:
        began = time.monotonic()
        batch = await hooks.prune_history(room, before_ms, BATCH_ENTRIES, before_ms - patience_ms)
        if not batch:
            return count
        count += batch
        if told is not None:
            told(count)
        await asyncio.sleep(REST * (time.monotonic() - began))


async def prunable(hooks: Hooks, room: str, before_ms: int) -> int:
    """Return how many entries `prune` would delete from `room` now. Raises `Unavailable`."""
    count, after = 0, None
    page = await hooks.read_history(room, None, None, 0)
    while page is not None:
        after = page.first_seq - 1 if after is None else after
        page = await hooks.read_history(room, after, None, PAGE_ENTRIES)
        if page is None or not page.entries:
            break
        old = len(list(takewhile(lambda entry: entry.sent_at < before_ms, page.entries)))
        count += old
        if old < len(page.entries):
            break
        after = page.entries[-1].seq
    return count


class Retention:
    """Deletes entries older than `keep_days` days whenever `prune` is called."""

    def __init__(self, hooks: Hooks, keep_days: int, patience_days: int = 0) -> None:
        """Raises `SettingsError` if no loaded plugin provides `prune_history`."""
        refuse_without_pruning(hooks)
        self._hooks = hooks
        self._keep_ms = keep_days * DAY_MS
        self._patience_ms = patience_days * DAY_MS

    async def prune(self) -> None:
        """Delete the entries that are too old by now. Never raises; the next call retries after a failure."""
        try:
            before_ms = int(time.time() * 1000) - self._keep_ms
            count = await prune(self._hooks, None, before_ms, None, self._patience_ms)
        except Unavailable:
            return
        if count:
            log.info("pruned %d old entries", count)


def refuse_without_pruning(hooks: Hooks) -> None:
    """Raise `SettingsError` unless a loaded plugin provides `prune_history`."""
    if not hooks.provides("prune_history"):
        raise SettingsError(
            "No loaded plugin can prune the history (prune_history).",
            "Add one that does to [tornchat] plugins, or remove [history] keep_days.",
        )
