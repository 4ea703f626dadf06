"""One timer for all connections: each is looked at when it is due, and costs nothing until then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

TICK_SECONDS = 0.5

log = logging.getLogger("tornchat.connections")


class Wheel:
    """Calls back at a time, to half a second. It is `turn`ed every `TICK_SECONDS` by its owner."""

    def __init__(self) -> None:
        self._slots: dict[int, list[Callable[[float], None]]] = {}
        self._turned = 0

    def at(self, when: float, call: Callable[[float], None]) -> None:
        """Call `call(now)` at `when` (loop time, seconds) or up to a tick later."""
        slot = max(int(when / TICK_SECONDS) + 1, self._turned + 1)
        self._slots.setdefault(slot, []).append(call)

    def turn(self) -> None:
        """Call what is due."""
        now = asyncio.get_running_loop().time()
        current = int(now / TICK_SECONDS)
        for slot in [slot for slot in self._slots if slot <= current]:
            self._turned = max(self._turned, slot)
            for call in self._slots.pop(slot):
                try:
                    call(now)
                except Exception:  # the pings and expiries of other connections are in the same slot
                    log.exception("a timer of a connection failed")
