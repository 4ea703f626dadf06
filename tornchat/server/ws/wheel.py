"""A timer wheel: one timer for the callbacks of all connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

TICK_SECONDS = 0.5

log = logging.getLogger("tornchat.connections")


class Wheel:
    """Calls functions at a given time, with a resolution of `TICK_SECONDS`.

    Its owner calls `turn` every `TICK_SECONDS`.
    """

    def __init__(self) -> None:
        self._slots: dict[int, list[Callable[[float], None]]] = {}
        self._turned = 0

    def at(self, when: float, call: Callable[[float], None]) -> None:
        """Schedule `call(now)` for `when` (loop time, seconds) or up to `TICK_SECONDS` later."""
        slot = max(int(when / TICK_SECONDS) + 1, self._turned + 1)
        self._slots.setdefault(slot, []).append(call)

    def turn(self) -> None:
        """Call the functions that are due. An exception of one is logged and does not affect the others."""
        now = asyncio.get_running_loop().time()
        current = int(now / TICK_SECONDS)
        for slot in [slot for slot in self._slots if slot <= current]:
            self._turned = max(self._turned, slot)
            for call in self._slots.pop(slot):
                try:
                    call(now)
                except Exception:  # the other functions in the slot belong to other connections
                    log.exception("a timer callback of a connection failed")
