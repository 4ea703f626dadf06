"""Failed logins of one address: beyond some a minute, the answer is delayed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from tornchat.offenders import Offenders

WINDOW_SECONDS = 60.0
STEP_SECONDS = 0.25
"""How much longer each further failure waits for its answer."""
LONGEST_SECONDS = 10.0
SHARE = 2
"""Delayed answers hold at most the connections of the server divided by this."""
MOST_WAITING = 10_000
"""Delayed answers where the number of connections has no limit."""
MOST_ADDRESSES = 10_000


class FailedLogins:
    """Counts failures per network in windows of a minute. A login that succeeds is never delayed.

    Each failure beyond the limit waits, however many there are: the limits on connections bound how many
    wait. If delayed answers hold half of all connections, the oldest is given early to make room for the
    newest, so that they can't lock others out.
    """

    def __init__(self, per_minute: int, offenders: Offenders) -> None:
        self.per_minute = per_minute
        """So many failures are answered at once; 0 means all of them."""
        self._offenders = offenders
        self._most = MOST_WAITING
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many answers are delayed now."""
        return len(self._waiting)

    def begin(self, connections: int) -> None:
        """Delay answers from now on. `connections` is the most of the server; 0 is no limit."""
        self.limit(connections)
        self._closed = False

    def limit(self, connections: int) -> None:
        """Apply another limit of connections."""
        self._most = max(1, connections // SHARE) if connections else MOST_WAITING

    def close(self) -> None:
        """Give the answers that are delayed at once."""
        self._closed = True
        while self._waiting:
            self._release_oldest()

    def failed(self, network: str | None) -> float:
        """Record a failure of `network` (None: unknown); return the seconds that its answer must wait."""
        if network is None or not self.per_minute:
            return 0.0
        seconds = self._delay(network, asyncio.get_running_loop().time())
        if seconds:
            self._offenders.note("failed_logins", network, "the answers to its failed logins are delayed")
        return seconds

    async def delay(self, network: str | None, gone: asyncio.Future[None] | None = None) -> None:
        """Record a failure of `network`, and wait until it may be answered. See `wait`."""
        await self.wait(self.failed(network), gone)

    async def wait(self, seconds: float, gone: asyncio.Future[None] | None = None) -> None:
        """Wait until a failure may be answered, which `failed` has recorded.

        `gone` is done when the client has disconnected, so that nobody waits for the answer.
        """
        if not seconds or self._closed:
            return
        loop = asyncio.get_running_loop()
        released: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _release, released)
        self._waiting[released] = None
        if gone is not None:
            gone.add_done_callback(lambda _: _release(released))
        if len(self._waiting) > self._most:
            self._release_oldest()
        try:
            await released
        finally:
            timer.cancel()
            self._waiting.pop(released, None)

    def _release_oldest(self) -> None:
        _release(self._waiting.popitem(last=False)[0])

    def _delay(self, network: str, now: float) -> float:
        since, count = self._windows.pop(network, (now, 0))
        if now - since >= WINDOW_SECONDS:
            since, count = now, 0
        self._windows[network] = (since, count + 1)
        if len(self._windows) > MOST_ADDRESSES:
            self._windows.popitem(last=False)
        return min(LONGEST_SECONDS, STEP_SECONDS * max(0, count + 1 - self.per_minute))


def _release(released: asyncio.Future[None]) -> None:
    if not released.done():
        released.set_result(None)
