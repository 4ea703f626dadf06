"""All the figures of a run, kept between runs for those who measure in parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec

from bench.figures import Case, Figure, combined


@dataclass
class Results:
    """The figures of each case by server name, one for each round.

    Only figures of the same case may be compared: those were measured side by side.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    figures: dict[str, dict[str, list[Figure]]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By load: what could not be measured, and why."""

    def add(self, case: Case, server: str, figure: Figure) -> None:
        """Take one figure."""
        self.cases[case.key] = case
        self.figures.setdefault(case.key, {}).setdefault(server, []).append(figure)

    def note(self, load: str, text: str) -> None:
        """Take a note, once."""
        notes = self.notes.setdefault(load, [])
        if text not in notes:
            notes.append(text)

    def of(self, key: str, server: str) -> Figure | None:
        """The figure of a server in a case, over all rounds; None if there is none."""
        figures = self.figures.get(key, {}).get(server)
        return combined(figures) if figures else None

    def ratio(self, key: str, server: str, against: str) -> float | None:
        """How many times the value of another server this one has: the median of the rounds' ratios."""
        ours, theirs = (self.figures.get(key, {}).get(name, []) for name in (server, against))
        ratios = [mine.value / other.value for mine, other in zip(ours, theirs, strict=False) if other.value]
        return median(ratios) if ratios else None

    def replace(self, loads: list[str], newer: Results) -> None:
        """Forget what was known of these loads, and take what a newer run has found."""
        for key in [key for key, case in self.cases.items() if case.load in loads]:
            del self.cases[key], self.figures[key]
        for load in loads:
            self.notes.pop(load, None)
        self.cases |= newer.cases
        self.figures |= newer.figures
        self.notes |= newer.notes

    def arrange(self, loads: list[str]) -> None:
        """Put the cases into the order of their loads."""
        self.cases = dict(sorted(self.cases.items(), key=lambda item: loads.index(item[1].load)))


def read(path: Path) -> Results:
    """What an earlier run has kept; empty if there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except (FileNotFoundError, msgspec.DecodeError):
        return Results()


def keep(results: Results, path: Path) -> None:
    """Write it for the next run."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.encode(results))
