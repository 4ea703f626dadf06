"""What tornchat must reach, as ratios within one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.figures import RATE
from bench.results import Results

OURS = "tornchat"


class Floor(NamedTuple):
    """In a case, at least so many times what another server does."""

    case: str
    against: str
    at_least: float


FLOORS = (
    Floor("room200-1", "socketify", 0.85),
    Floor("room200-1", "limit", 0.65),
    Floor("room200-8", "socketify", 1.2),
    Floor("room200-8", "limit-joined", 0.7),
    Floor("room200-64", "socketify", 5),
    Floor("room200-64", "limit-joined", 0.7),
    Floor("solo200-1", "socketify", 0.33),
    Floor("solo200-1", "websockets", 0.45),
    Floor("solo200-1", "tornado", 1.6),
    Floor("tens-1", "socketify", 0.35),
    Floor("tens-1", "websockets", 0.7),
    Floor("tens-8", "socketify", 0.9),
    Floor("tens-8", "ws", 2.5),
    Floor("storm", "tornado-jwt", 0.6),
)
ANYWHERE = (("channels", 15.0), ("channels-redis", 15.0))
"""Floors that hold for every case of deliveries."""
MOST_KIB = 12.0
MOST_COLD = 1.2


class Judged(NamedTuple):
    """A floor, or a ceiling, and what was measured; None: it was not."""

    figure: str
    against: str
    bound: str
    measured: float | None
    met: bool


def judge(results: Results) -> Iterator[Judged]:
    """Hold all that was measured against the floors; cases that were not measured are left out."""
    for floor in FLOORS:
        if floor.case in results.cases:
            ratio = results.ratio(floor.case, OURS, floor.against)
            yield _judged(results.cases[floor.case].title, floor.against, floor.at_least, ratio)
    yield from _anywhere(results)
    yield from _ceilings(results)


def _judged(figure: str, against: str, at_least: float, ratio: float | None) -> Judged:
    return Judged(figure, against, f"at least {at_least:g}", ratio, ratio is not None and ratio >= at_least)


def _anywhere(results: Results) -> Iterator[Judged]:
    rates = [key for key, case in results.cases.items() if case.unit == RATE]
    for against, at_least in ANYWHERE:
        ratios = [results.ratio(key, OURS, against) for key in rates]
        known = [ratio for ratio in ratios if ratio is not None]
        if known:
            yield _judged("the least of all deliveries", against, at_least, min(known))


def _ceilings(results: Results) -> Iterator[Judged]:
    idle = results.of("idle", OURS)
    if idle is not None:
        title = results.cases["idle"].title
        yield Judged(title, "KiB per connection", f"at most {MOST_KIB:g}", idle.value, idle.value <= MOST_KIB)
    cold = _cold(results)
    if len(cold) == 2:
        ratio = cold[1] / cold[0]
        yield Judged("cold join, long log", "short log", f"at most {MOST_COLD:g}", ratio, ratio <= MOST_COLD)


def _cold(results: Results) -> Sequence[float]:
    figures = [results.of(key, OURS) for key, case in results.cases.items() if case.load == "cold"]
    return [figure.value for figure in figures if figure is not None]
