"""Two checkouts compared: pairs of runs in turns, and whether one is slower than the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from types import MappingProxyType

from bench.client import BenchError
from bench.cold import Cold
from bench.figures import MEMORY, MORE, PACED, Case, Figure
from bench.loads import FanOut, Idle, Load, Pace, Storm
from bench.paced import Open
from bench.report import markdown
from bench.servers import Missing, Server

AGAINST: tuple[Load, ...] = (
    FanOut("room200", "200 in a room", 1, 200, (1, 8, 64)),
    FanOut("solo200", "200 rooms of 1", 200, 1, (1,)),
    FanOut("tens", "100 rooms of 10", 100, 10, (1, 8)),
    Open(),
    Storm(rooms=30),
    Idle(connections=2000),
    Cold(many=200_000, restarts=1),
)
"""Short enough for ten pairs of all loads in twelve minutes, at a second for each figure."""
ENOUGH = 10
"""Pairs that a verdict needs."""
AT_LEAST = 0.95
HEAD = ("load", "figure", "this", "other", "ratio", "least", "most", "pairs", "verdict")

Pair = tuple[Figure, Figure]
Value = Callable[[Figure], float | None]


@dataclass
class Pairs:
    """The pairs of each case, this checkout's figure first, and what went wrong."""

    cases: dict[str, Case] = field(default_factory=dict)
    figures: dict[str, list[Pair]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, case: Case, pair: Pair) -> None:
        """Add one pair."""
        self.cases[case.key] = case
        self.figures.setdefault(case.key, []).append(pair)
        for figure, name in zip(pair, ("this checkout", "the other"), strict=True):
            if figure.lost or figure.misplaced:
                self.notes.append(
                    f"{case.title}: {name} lost {figure.lost} messages, {figure.misplaced} were misplaced"
                )

    def rows(self) -> Iterator[Compared]:
        """Yield what was compared: the value of each case, and its latencies."""
        for key, case in self.cases.items():
            yield from _compared(case, self.figures[key], case.unit, _value, judged=True)
            for name, value in LATENCIES.items():
                yield from _compared(case, self.figures[key], name, value, judged=case.unit == PACED)
            yield from _compared(case, self.figures[key], "messages per commit", _per_commit, judged=False)


@dataclass(frozen=True)
class Compared:
    """One figure of both checkouts. A ratio above 1 means that this checkout is better."""

    case: Case
    figure: str
    ours: float
    theirs: float
    ratios: tuple[float, ...]
    judged: bool

    @property
    def ratio(self) -> float:
        """The median of the pairs' ratios."""
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        """Whether this checkout is slower (for memory: larger); empty where it isn't judged."""
        if not self.judged:
            return ""
        if len(self.ratios) < ENOUGH:
            return f"needs {ENOUGH} pairs"
        worse = "larger" if self.case.unit == MEMORY else "slower"
        return f"not {worse}" if self.ratio >= AT_LEAST else worse

    def row(self) -> list[str]:
        """The cells of its line, in the order of `HEAD`."""
        ratios = [f"{ratio:.2f}" for ratio in (self.ratio, min(self.ratios), max(self.ratios))]
        values = [_number(self.ours), _number(self.theirs)]
        return [self.case.title, self.figure, *values, *ratios, str(len(self.ratios)), self.verdict]


def compare(
    loads: Sequence[Load], ours: Server, theirs: Server, pairs: int, pace: Pace, tell: Callable[[str], None]
) -> Pairs:
    """Run both servers under each load in turns, `pairs` times. Each begins every other pair."""
    found = Pairs()
    for load in loads:
        for number in range(pairs):
            try:
                _add_pair(found, load, (ours, theirs), number % 2 == 1, pace)
                tell(f"{load.name}, pair {number + 1}: {_last_ratios(found, load)}")
            except (BenchError, Missing) as why:
                tell(f"{load.name}, pair {number + 1}: {why}")
                found.notes.append(f"{load.name}, pair {number + 1}: {why}")
    return found


def table(found: Pairs) -> str:
    """Return the table of all that was compared, and what went wrong."""
    rows = [row.row() for row in found.rows()]
    notes = "".join(f"- {note}\n" for note in found.notes)
    return (markdown(HEAD, rows) if rows else "") + (f"\nWhat went wrong:\n\n{notes}" if notes else "")


def _add_pair(found: Pairs, load: Load, servers: tuple[Server, Server], reverse: bool, pace: Pace) -> None:
    """Measure both; a pair of which one half fails is dropped whole."""
    ours, theirs = servers
    if reverse:
        second, first = dict(load.run(theirs, pace)), dict(load.run(ours, pace))
    else:
        first, second = dict(load.run(ours, pace)), dict(load.run(theirs, pace))
    for case, figure in first.items():
        found.add(case, (figure, second[case]))


def _last_ratios(found: Pairs, load: Load) -> str:
    rows = [row for row in found.rows() if row.case.load == load.name and row.judged]
    return ", ".join(f"{row.ratios[-1]:.2f}" for row in rows)


def _compared(
    case: Case, pairs: Sequence[Pair], figure: str, value: Value, judged: bool
) -> Iterator[Compared]:
    """Yield the comparison of one figure; nothing if no pair has it."""
    values = [(value(ours), value(theirs)) for ours, theirs in pairs]
    known = [(ours, theirs) for ours, theirs in values if ours and theirs]
    if not known:
        return
    more = value is _per_commit or (value is _value and case.unit in MORE)
    ratios = tuple(ours / theirs if more else theirs / ours for ours, theirs in known)
    ours, theirs = (median(side) for side in zip(*known, strict=True))
    yield Compared(case, figure, ours, theirs, ratios, judged)


def _value(figure: Figure) -> float | None:
    return figure.value


def _p50(figure: Figure) -> float | None:
    return figure.p50 and figure.p50 * 1000


def _p99(figure: Figure) -> float | None:
    return figure.p99 and figure.p99 * 1000


def _per_commit(figure: Figure) -> float | None:
    return figure.per_commit


LATENCIES: Mapping[str, Value] = MappingProxyType({"p50, ms": _p50, "p99, ms": _p99})


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
