"""What comes out: a figure for each server in each case, once a round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

RATE = "deliveries per CPU-second"
PACED = "deliveries per CPU-second at a fixed rate"
JOINS = "joins per CPU-second"
MEMORY = "KiB per connection"
TIME = "ms"
MORE = (RATE, PACED, JOINS)


@dataclass(frozen=True)
class Case:
    """One column of the table. Of the units in `MORE` more is better, of the others less."""

    key: str
    load: str
    title: str
    unit: str


@dataclass(frozen=True)
class Figure:
    """What one server did in one case: `value` in the case's unit, latencies in seconds."""

    value: float
    p50: float | None = None
    p99: float | None = None
    lost: int = 0
    misplaced: int = 0
    """Messages that a probe saw out of order or more than once."""
    worst: float | None = None
    per_commit: float | None = None
    """Messages in one store call."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which this share of the values lies; None if there are none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None


def combined(figures: Sequence[Figure]) -> Figure:
    """Several rounds in one figure: medians, and all that was lost."""
    return Figure(
        median(figure.value for figure in figures),
        _median([figure.p50 for figure in figures]),
        _median([figure.p99 for figure in figures]),
        sum(figure.lost for figure in figures),
        sum(figure.misplaced for figure in figures),
        max((figure.worst for figure in figures if figure.worst is not None), default=None),
        _median([figure.per_commit for figure in figures]),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
