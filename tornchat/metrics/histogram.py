"""Histograms with fixed bounds, cheap enough to update on every commit and every hook call."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

LATENCIES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds (seconds) for latencies."""
CALLS = (0.00001, 0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0)
"""Bounds (seconds) for hook calls, many of which take only microseconds."""
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)
"""Bounds for batch sizes."""


class Histogram:
    """Counts values by `bounds`, which are inclusive and ascending; the last count is for higher values."""

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
    """Return the `share` quantile (0 to 1), interpolated linearly between two bounds.

    Returns None if nothing was counted. Values above the last bound count as the last bound.
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
