"""How much one user may say on this node, over all of the user's connections."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from weakref import WeakValueDictionary

from tornchat.config.sections import LimitsSection
from tornchat.offenders import Offenders
from tornchat.rates import MOST_CALLERS, Rate

LONGEST_SLEEP = 1.0
"""Seconds after which a connection that waits looks again, since the limits may have been changed."""


class Quota:
    """One user's messages and bytes per second."""

    __slots__ = ("__weakref__", "_bytes", "_messages", "_turn", "_unlimited")

    def __init__(self, messages: Rate, size: Rate) -> None:
        self._messages = messages
        self._bytes = size
        self._unlimited = messages.unlimited and size.unlimited
        self._turn: asyncio.Lock | None = None

    def change(self, limits: LimitsSection) -> None:
        """Apply other limits from now on."""
        self._messages.change(limits.messages_per_second, limits.burst)
        self._bytes.change(limits.bytes_per_second, limits.bytes_burst)
        self._unlimited = self._messages.unlimited and self._bytes.unlimited

    def take(self, size: int, now: float, messages: int = 1) -> float:
        """Take a message of `size` bytes at `now` (seconds) and return 0, or return the seconds to wait.

        With 0 `messages` only the bytes count.
        """
        if self._unlimited:
            return 0.0
        wait = max(self._messages.missing(now, messages), self._bytes.missing(now, size))
        if not wait:
            self._messages.take(messages)
            self._bytes.take(size)
        return wait

    def delays(self, size: int, now: float, messages: int = 1) -> bool:
        """Take a message like `take`; True if it must wait: for others of this user, or for the rate."""
        if self._turn is not None and self._turn.locked():
            return True
        return not self._unlimited and self.take(size, now, messages) > 0

    async def wait(self, size: int, messages: int = 1) -> None:
        """Wait until a message of `size` bytes may be taken, and take it."""
        now = asyncio.get_running_loop().time
        wait = self.take(size, now(), messages)
        while wait:
            await asyncio.sleep(min(wait, LONGEST_SLEEP))
            wait = self.take(size, now(), messages)

    @property
    def turn(self) -> asyncio.Lock:
        """Held by the connection that waits next; the user's other connections queue for it."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn


class Quotas:
    """User id -> `Quota`, kept while it is in use and for the last `MOST_CALLERS` users."""

    def __init__(self, limits: LimitsSection, offenders: Offenders) -> None:
        self._limits = limits
        self._offenders = offenders
        self._recent: OrderedDict[str, Quota] = OrderedDict()
        self._used: WeakValueDictionary[str, Quota] = WeakValueDictionary()

    def reload(self, limits: LimitsSection) -> None:
        """Apply other limits, to the users seen before, too."""
        self._limits = limits
        for quota in [*self._used.values()]:
            quota.change(limits)

    def note(self, user: str) -> None:
        """Count a message that is slowed down, or refused over HTTP."""
        self._offenders.note("messages_per_user", f"user {user!r}", "the user is slowed down")

    def of(self, user: str) -> Quota:
        """Return the user's quota, the same object for all callers."""
        quota = self._used.get(user)
        if quota is None:
            limits = self._limits
            quota = self._used[user] = Quota(
                Rate(limits.messages_per_second, limits.burst),
                Rate(limits.bytes_per_second, limits.bytes_burst),
            )
        self._recent[user] = quota
        self._recent.move_to_end(user)
        if len(self._recent) > MOST_CALLERS:
            self._recent.popitem(last=False)
        return quota
