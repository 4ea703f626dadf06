"""Failed logins of one address: beyond some a minute, the answer is delayed."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from enum import Enum

from tornchat.offenders import Offenders

WINDOW_SECONDS = 60.0
STEP_SECONDS = 0.25
"""How much longer each further failure waits for its answer."""
LONGEST_SECONDS = 10.0
MOST_WAITING = 200
"""Delayed answers of one address at a time. More get none."""
MOST_ADDRESSES = 10_000


class LoginAnswer(Enum):
    """How a failed login is answered."""

    AT_ONCE = 0
    LATE = 1
    NONE = 2
    """Too many answers to this address are delayed already."""


class FailedLogins:
    """Counts failures per network in windows of a minute. A login that succeeds is never delayed."""

    def __init__(self, per_minute: int, offenders: Offenders) -> None:
        self.per_minute = per_minute
        """So many failures are answered at once; 0 means all of them."""
        self._offenders = offenders
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._waiting: Counter[str] = Counter()
        self._closing = asyncio.Event()

    def begin(self) -> None:
        """Delay answers from now on. On the running loop."""
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Give the answers that are delayed at once."""
        self._closing.set()

    async def failed(self, network: str | None) -> LoginAnswer:
        """Record a failure of `network` (None: unknown) and wait until it may be answered."""
        seconds = self._delay(network, asyncio.get_running_loop().time()) if network else 0.0
        if not network or not seconds:
            return LoginAnswer.AT_ONCE
        self._offenders.note("failed_logins", network, "the answers to its failed logins are delayed")
        if self._waiting[network] >= MOST_WAITING:
            return LoginAnswer.NONE
        self._waiting[network] += 1
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self._waiting[network] -= 1
            if not self._waiting[network]:
                del self._waiting[network]
        return LoginAnswer.LATE

    def _delay(self, network: str, now: float) -> float:
        if not self.per_minute:
            return 0.0
        since, count = self._windows.pop(network, (now, 0))
        if now - since >= WINDOW_SECONDS:
            since, count = now, 0
        self._windows[network] = (since, count + 1)
        if len(self._windows) > MOST_ADDRESSES:
            self._windows.popitem(last=False)
        return min(LONGEST_SECONDS, STEP_SECONDS * max(0, count + 1 - self.per_minute))
