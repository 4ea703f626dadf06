"""What comes out: a figure for each server in each case, once a round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

RATE = "deliveries per CPU-second"
JOINS = "joins per CPU-second"
MEMORY = "KiB per connection"
TIME = "ms"


@dataclass(frozen=True)
class Case:
    """One column of the table. Of a `RATE` and of `JOINS` more is better, of the others less."""

    key: str
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
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


@dataclass
class Results:
    """The figures of each case by server name, in the order in which they came."""

    cases: dict[str, Case] = field(default_factory=dict)
    figures: dict[str, dict[str, list[Figure]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What could not be measured, and why."""

    def add(self, case: Case, server: str, figure: Figure) -> None:
        """Take one figure."""
        self.cases[case.key] = case
        self.figures.setdefault(case.key, {}).setdefault(server, []).append(figure)

    def note(self, text: str) -> None:
        """Take a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def of(self, key: str, server: str) -> Figure | None:
        """The figure of a server in a case, over all rounds; None if there is none."""
        figures = self.figures.get(key, {}).get(server)
        return combined(figures) if figures else None
