"""Rate limits for many callers, in bounded memory."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from functools import lru_cache

MOST_CALLERS = 10_000
FEW = 256
"""Number of buckets that are kept without looking whether they are full."""
DROPPED = 2
"""Maximum number of full buckets dropped per call."""
ADDRESSES = 1024
"""How many addresses are kept in their parsed form."""
IPV6_NETWORK_BITS = 64
"""Prefix length that identifies an IPv6 client: one customer usually has a whole /64 network."""
STRIKES = 20
STRIKE_SECONDS = 10.0


class Rate:
    """A token bucket with the rate `per_second` and the capacity `burst`. 0 `per_second` means no limit."""

    __slots__ = ("_allowance", "_burst", "_last", "_per_second")

    def __init__(self, per_second: float, burst: int, now: float = 0.0) -> None:
        """The bucket is full. `now` is in seconds, in the clock of later calls."""
        self._per_second = per_second
        self._burst = max(1, burst)
        self._allowance = float(self._burst)
        self._last = now

    def change(self, per_second: float, burst: int) -> None:
        """Set another rate and capacity. Tokens above the capacity are lost."""
        self._per_second = per_second
        self._burst = max(1, burst)
        self._allowance = min(self._allowance, self._burst)

    def is_full(self, now: float) -> bool:
        """Return whether the bucket at `now` (seconds) is as full as a new one."""
        return not self.missing(now, self._burst)

    @property
    def unlimited(self) -> bool:
        """True if tokens are always available."""
        return not self._per_second

    def missing(self, now: float, cost: float = 1.0) -> float:
        """Return the seconds from `now` (seconds) until `cost` tokens are available; nothing is taken.

        A cost above the capacity is available once the bucket is full.
        """
        if not self._per_second:
            return 0.0
        grown = self._allowance + (now - self._last) * self._per_second
        self._allowance, self._last = min(self._burst, grown), now
        return max(0.0, (min(cost, self._burst) - self._allowance) / self._per_second)

    def take(self, cost: float = 1.0) -> None:
        """Take `cost` tokens, after `missing` has returned 0 for them."""
        if self._per_second:
            self._allowance -= cost

    def wait(self, now: float) -> float:
        """Take a token at `now` (seconds) and return 0, or return the seconds until one is available."""
        wait = self.missing(now)
        if not wait:
            self.take()
        return wait


class Strikes:
    """Counts refusals of a connection. More than `STRIKES` within `STRIKE_SECONDS` exceed the limit."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: Sequence[float] = ()

    @property
    def standing(self) -> bool:
        """True if a strike has been recorded; it may have expired since."""
        return bool(self._times)

    def add(self, now: float) -> bool:
        """Record a strike at `now` (seconds); return True if the limit is exceeded."""
        self._times = [*(time for time in self._times if now - time < STRIKE_SECONDS), now]
        return len(self._times) > STRIKES


class Rates:
    """Caller -> its token bucket. The least recently used bucket is dropped first.

    A full bucket is like a new one, and is dropped as others are used.
    """

    def __init__(self, per_second: float, burst: int, most: int = MOST_CALLERS) -> None:
        """0 `per_second` means no limit. At most `most` buckets are kept."""
        self._per_second = per_second
        self._burst = burst
        self._most = most
        self._rates: OrderedDict[Hashable, Rate] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rates)

    def change(self, per_second: float, burst: int) -> None:
        """Set another rate and capacity, for the callers seen before, too."""
        self._per_second = per_second
        self._burst = burst
        for rate in self._rates.values():
            rate.change(per_second, burst)

    def wait(self, caller: Hashable, now: float) -> float:
        """Take a token of `caller` at `now` (seconds) and return 0, or return the seconds to wait for one."""
        if not self._per_second:
            return 0.0
        rate = self._rates.pop(caller, None)
        new = rate is None
        rate = self._rates[caller] = rate or Rate(self._per_second, self._burst, now)
        if len(self._rates) > self._most:
            self._rates.popitem(last=False)
        if new:
            rate.take()  # a new bucket is full
            wait = 0.0
        else:
            wait = rate.wait(now)
        if len(self._rates) > FEW:
            self._drop_full(now)
        return wait

    def _drop_full(self, now: float) -> None:
        """Drop the least recently used buckets that are full, two at most: one more than a call adds."""
        for _ in range(DROPPED):
            if not next(iter(self._rates.values())).is_full(now):
                return
            self._rates.popitem(last=False)


@lru_cache(ADDRESSES)
def network_of(address: str) -> str:
    """Return the rate limit key of an address: the IPv4 address itself, or the IPv6 network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False))
