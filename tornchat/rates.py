"""How often many callers may do something: a rate for each, in bounded memory."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable

from tornchat.limits import Rate

MOST_CALLERS = 10_000
IPV6_NETWORK_BITS = 64
"""One customer has a whole network of them, so an address alone is nobody's."""


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
