"""How often many callers may do something: a rate for each, in bounded memory."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable

MOST_CALLERS = 10_000
IPV6_NETWORK_BITS = 64
"""One customer has a whole network of them, so an address alone is nobody's."""
STRIKES = 20
STRIKE_SECONDS = 10.0


class Rate:
    """A token bucket: `per_second` in the long run, `burst` at once. 0 per second is no limit."""

    __slots__ = ("_allowance", "_burst", "_last", "_per_second")

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = max(1, burst)
        self._allowance = float(self._burst)
        self._last = 0.0

    def wait(self, now: float) -> float:
        """Take one; 0 if that is allowed at `now`, else the seconds until it will be."""
        if not self._per_second:
            return 0.0
        grown = self._allowance + (now - self._last) * self._per_second
        self._allowance, self._last = min(self._burst, grown), now
        if self._allowance < 1:
            return (1 - self._allowance) / self._per_second
        self._allowance -= 1
        return 0.0


class Strikes:
    """Counts refusals of a connection: `STRIKES` of them within `STRIKE_SECONDS` are too many."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: list[float] = []

    @property
    def standing(self) -> bool:
        """True if there was one; it may be long past."""
        return bool(self._times)

    def add(self, now: float) -> bool:
        """Count one; True if it was one too many."""
        self._times = [time for time in self._times if now - time < STRIKE_SECONDS]
        self._times.append(now)
        return len(self._times) > STRIKES


class Rates:
    """Caller -> its token bucket. The ones that were away longest are forgotten first."""

    def __init__(self, per_second: float, burst: int, most: int = MOST_CALLERS) -> None:
        """0 `per_second` is no limit. `most` callers are remembered."""
        self._per_second = per_second
        self._burst = burst
        self._most = most
        self._rates: OrderedDict[Hashable, Rate] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rates)

    def wait(self, caller: Hashable, now: float) -> float:
        """Count one; 0 if that is allowed at `now`, else the seconds until it will be."""
        if not self._per_second:
            return 0.0
        rate = self._rates.pop(caller, None) or Rate(self._per_second, self._burst)
        self._rates[caller] = rate
        if len(self._rates) > self._most:
            self._rates.popitem(last=False)
        return rate.wait(now)


def network_of(address: str) -> str:
    """What an address counts as: itself, or for IPv6 its network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False))
