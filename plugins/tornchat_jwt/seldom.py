"""Lines of the log that anybody can cause: one of a kind per minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

QUIET_SECONDS = 60.0


class Seldom:
    """Decides whether a line of a kind may be logged. The kinds must be a fixed set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds."""
        self._clock = clock
        self._told: dict[Hashable, tuple[float, int]] = {}

    def left_out(self, kind: Hashable) -> int | None:
        """Return how many lines were left out since the last one; None if this one is left out, too."""
        now = self._clock()
        since, count = self._told.get(kind, (now - QUIET_SECONDS, 0))
        if now - since < QUIET_SECONDS:
            self._told[kind] = (since, count + 1)
            return None
        self._told[kind] = (now, 0)
        return count
