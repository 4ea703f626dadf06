"""How long to wait before what has failed is tried again."""

from __future__ import annotations

FIRST_SECONDS = 0.5
MOST_SECONDS = 30.0
STEADY_SECONDS = 30.0
"""Who has lived so long did not fail because of how it was started."""


class RestartPause:
    """The first retry is made at once, each further one twice as late, until one lives long enough."""

    def __init__(self) -> None:
        self.failures = 0
        """How many quick ends there were in a row."""

    def pause(self, lived: float) -> float:
        """Take note of an end after `lived` seconds, and give the seconds to wait."""
        self.failures = 1 if lived >= STEADY_SECONDS else self.failures + 1
        return 0.0 if self.failures == 1 else min(FIRST_SECONDS * 2 ** (self.failures - 2), MOST_SECONDS)
