"""What the clients heard in one measurement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heard:
    """Counts, once for each member, and latencies in seconds; None if no message was timed."""

    deliveries: int
    lost: int
    misplaced: int
    p50: float | None = None
    p99: float | None = None
    worst: float | None = None
