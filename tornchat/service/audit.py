"""The audit: who did what to whom, and when, in storage and in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from itertools import count, islice

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import SITE, AuditEntry, RoomInfo, RoomSummary, User
from tornchat.service.access import require_on_site

log = logging.getLogger("tornchat.audit")

MOST_WAITING = 10_000
"""Entries that wait for a storage that does not answer; what comes after them is in the log only."""
MOST_AT_ONCE = 500
MOST_READ = 200
"""Entries on one page."""
PRUNE_SECONDS = 600.0
PRUNED_AT_ONCE = 1000
DAY_MS = 86_400_000


class Audit:
    """Records what was done. `write` and `prune` are to be called from time to time."""

    def __init__(self, hooks: Hooks, source: str, keep_days: int) -> None:
        """`source` makes the keys of this process's entries unlike all others."""
        self._hooks = hooks
        self._source = source
        self._keep_days = keep_days
        self._provided = hooks.provides("record_audit")
        self._waiting: deque[AuditEntry] = deque()
        self._writing = asyncio.Lock()
        self._numbers = count(1)
        self.dropped = 0
        """Number of entries that are in the log only."""

    async def record(
        self,
        user: User,
        action: str,
        room: RoomSummary | RoomInfo | None = None,
        target: str = "",
        detail: str = "",
    ) -> None:
        """Record that `user` did this. What can't be stored now is stored later. Raises nothing.

        `room` is None for what concerns the whole site.
        """
        key = f"{self._source}-{next(self._numbers)}"
        name = SITE if room is None else room.name
        entry = AuditEntry(key, int(time.time() * 1000), user.id, action, name, target, detail)
        _tell(entry, room)
        if not self._provided:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(entry)
        await self.write()

    async def write(self) -> None:
        """Store the entries that wait, in order. Raises nothing."""
        async with self._writing:
            while self._waiting:
                batch = list(islice(self._waiting, MOST_AT_ONCE))
                try:
                    await self._hooks.record_audit(batch)
                except Unavailable:
                    return
                for _ in batch:
                    self._waiting.popleft()

    async def prune(self) -> None:
        """Delete the entries older than `[audit] keep_days`. Raises nothing."""
        if not self._keep_days or not self._hooks.provides("prune_audit"):
            return
        before = int(time.time() * 1000) - self._keep_days * DAY_MS
        try:
            while await self._hooks.prune_audit(before, PRUNED_AT_ONCE):
                pass
        except Unavailable:
            pass  # the next time

    async def read(
        self,
        user: User,
        before: int | None = None,
        limit: int = 50,
        user_id: str | None = None,
        room: str | None = None,
    ) -> Sequence[AuditEntry]:
        """Return at most `MOST_READ` entries, newest first, as the hook `read_audit` does. For admins."""
        require_on_site(user, "read audit")
        return await self._hooks.read_audit(before, min(max(limit, 1), MOST_READ), user_id, room)


def _tell(entry: AuditEntry, room: RoomSummary | RoomInfo | None) -> None:
    """Write a line of the log. Which private room it was, and whom it concerned, is in storage only."""
    hidden = room is not None and room.private
    facts = {
        "event": "audit",
        "actor": entry.actor,
        "action": entry.action,
        "room": SITE if room is None else room.logged_with_user,
        "target": "" if hidden else entry.target,
        "detail": entry.detail,
    }
    log.info("%(actor)r: %(action)s %(target)r in room %(room)r %(detail)s", facts, extra=facts)
