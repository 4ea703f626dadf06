"""How often something took how long: counts by bounds, cheap enough for every commit and every hook."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

LATENCIES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds (seconds) for what somebody waits for."""
CALLS = (0.00001, 0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0)
"""Bounds (seconds) for calls, of which many take next to no time."""
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)
"""Bounds for how many at once."""


class Histogram:
    """Counts values up to and including each of `bounds`, which rise; the last count is of what is beyond."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        """The sum of all values."""

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """The value that `share` (0 to 1) of the counted ones stay below, as if spread evenly between two bounds.

    None when nothing was counted. What is beyond the last bound counts as the last bound.
    """
    wanted, below = share * sum(counts), 0
    if not wanted:
        return None
    for index, count in enumerate(counts[: len(bounds)]):
        if below + count >= wanted:
            low = bounds[index - 1] if index else 0.0
            return low + (bounds[index] - low) * (wanted - below) / count
        below += count
    return bounds[-1]
