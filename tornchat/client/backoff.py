"""How long to wait before the next try: exponential, bounded, with full jitter."""

from __future__ import annotations

import random

FIRST_SECONDS = 0.5
MOST_SECONDS = 30.0


class Backoff:
    """Each wait is anything between nothing and a bound, which doubles with each failure up to `most`."""

    def __init__(self, first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> None:
        """Both in seconds."""
        self._first = first
        self._most = most
        self._failures = 0

    def next(self) -> float:
        """The seconds to wait after one more failure."""
        bound = min(self._most, self._first * 2.0 ** min(self._failures, 60))
        self._failures += 1
        return random.uniform(0.0, bound)  # noqa: S311 (no secret)

    def reset(self) -> None:
        """All is well again."""
        self._failures = 0
