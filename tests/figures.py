"""Figures as the long tests print them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all are not above; 0.0 if there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def told(values: Sequence[float]) -> str:
    """p50, p99 and the worst of some seconds."""
    return (
        f"p50 {percentile(values, 0.5) * 1000:.0f} ms, p99 {percentile(values, 0.99) * 1000:.0f} ms, "
        f"worst {max(values, default=0.0) * 1000:.0f} ms"
    )


def seconds_without_cpu(*pids: int) -> float:
    """How long the threads of these processes were ready to run but had no CPU, in all.

    Other work of the machine makes them wait, which says nothing about a server. 0.0 where no kernel tells.
    Threads that end meanwhile are left out.
    """
    return (
        sum(_nanoseconds(path) for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        / 1e9
    )


def _nanoseconds(path: Path) -> int:
    try:
        return int(path.read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
