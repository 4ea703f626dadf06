"""Delays before a worker is restarted."""

from __future__ import annotations

FIRST_SECONDS = 0.5
MOST_SECONDS = 30.0
STEADY_SECONDS = 30.0
"""Seconds after which the end of a worker no longer counts as a failed start."""


class RestartPause:
    """Computes restart delays: none at first, then doubling until a worker runs for `STEADY_SECONDS`."""

    def __init__(self) -> None:
        self.failures = 0
        """Number of consecutive ends, since a worker last ran for `STEADY_SECONDS`."""

    def pause(self, lived: float) -> float:
        """Record an end after `lived` seconds and return the delay in seconds."""
        self.failures = 1 if lived >= STEADY_SECONDS else self.failures + 1
        return 0.0 if self.failures == 1 else min(FIRST_SECONDS * 2 ** (self.failures - 2), MOST_SECONDS)
