"""Exponential backoff with full jitter."""

from __future__ import annotations

import random

FIRST_SECONDS = 0.5
MOST_SECONDS = 30.0


class Backoff:
    """Computes delays: each is random between 0 and a bound that doubles with each failure."""

    def __init__(self, first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> None:
        """`first` is the initial bound and `most` its maximum, both in seconds."""
        self._first = first
        self._most = most
        self._failures = 0

    def next(self) -> float:
        """Record a failure and return the delay in seconds before the next attempt."""
        bound = min(self._most, self._first * 2.0 ** min(self._failures, 60))
        self._failures += 1
        return random.uniform(0.0, bound)

    def reset(self) -> None:
        """Record a success: the bound starts again at `first`."""
        self._failures = 0
