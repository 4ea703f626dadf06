"""`python -m bench`: every server under every load, one after another on the same two cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import click

from bench import report
from bench.against import AGAINST, compare, table
from bench.catalogue import catalogue, tornchat
from bench.checkout import Checkout
from bench.client import BenchError
from bench.generator import named
from bench.loads import Load, Pace
from bench.machine import cores, pinned, raise_descriptor_limit
from bench.results import Results, keep, read
from bench.suite import QUICK, QUICK_SERVERS, WHOLE, measure

HERE = Path(__file__).parent
KEPT = HERE / ".cache" / "results.json"


class Named(Protocol):
    """A server or a load."""

    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=Named)


def _words(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


@click.command()
@click.option("--quick", is_flag=True, help="Under three minutes: ten servers, smaller loads, one round.")
@click.option("--only", callback=_words, default="", metavar="LOAD,...", help="Only these loads.")
@click.option("--servers", "names", callback=_words, default="", metavar="NAME,...", help="Only these.")
@click.option("--rounds", type=click.IntRange(1), help="[default: 3; 1 with --quick]")
@click.option("--seconds", type=click.FloatRange(0.1), help="For each figure. [default: 3; 0.5 with --quick]")
@click.option(
    "--against",
    metavar="PATH",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare this checkout with the one at PATH, in turns. Only --only, --seconds and --set apply.",
)
@click.option("--pairs", type=click.IntRange(1), default=10, show_default=True, help="With --against.")
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="For tornchat.")
def main(
    quick: bool,
    only: list[str],
    names: list[str],
    rounds: int | None,
    seconds: float | None,
    against: Path | None,
    pairs: int,
    settings: tuple[str, ...],
) -> None:
    """Measure tornchat and its peers side by side, and print the tables.

    A run of whole loads (without --quick, --servers and --set) also writes bench/RESULTS.md and its plots;
    loads that it left out stay there as the last run found them.
    """
    raise_descriptor_limit()
    _tell(named())
    options = [word for setting in settings for word in ("--set", setting)]
    if against:
        if quick or names or rounds:
            raise click.UsageError("--against takes --pairs, --only, --seconds and --set, nothing else.")
        _compare(against, _chosen(AGAINST, only, "load"), pairs, seconds or 1.0, options)
        return
    servers_core, own = cores()
    every = catalogue(options)
    servers = _chosen(every, names or (QUICK_SERVERS if quick else ()), "server")
    loads = _chosen(QUICK if quick else WHOLE, only, "load")
    length = seconds or (0.5 if quick else 3.0)
    pace = Pace(length, min(1.0, length / 3), servers_core)
    with pinned(own):
        results = measure(loads, servers, rounds or (1 if quick else 3), pace, _tell)
    titles = {server.name: server.title for server in every}
    click.echo(report.tables(results, titles))
    if not (quick or names or settings):
        _write([load.name for load in loads], results, titles)


def _compare(other: Path, loads: Sequence[Load], pairs: int, seconds: float, options: Sequence[str]) -> None:
    checkouts = [Checkout(HERE.parent), Checkout(other)]
    try:
        for checkout in checkouts:
            checkout.check()
    except BenchError as why:
        raise click.ClickException(str(why)) from None
    ours, theirs = (tornchat("tornchat", checkout, options) for checkout in checkouts)
    servers_core, own = cores()
    pace = Pace(seconds, min(1.0, seconds / 3), servers_core)
    with pinned(own):
        click.echo(table(compare(loads, ours, theirs, pairs, pace, _tell)))


def _tell(what: str) -> None:
    click.echo(what, err=True)


def _chosen(things: Sequence[Thing], names: Sequence[str], kind: str) -> list[Thing]:
    """Those that are named, all if none is."""
    known = [thing.name for thing in things]
    for name in names:
        if name not in known:
            raise click.UsageError(f"There is no {kind} {name!r}. There are: {', '.join(known)}.")
    return [thing for thing in things if thing.name in names or not names]


def _write(loads: list[str], newer: Results, titles: Mapping[str, str]) -> None:
    results = read(KEPT)
    results.replace(loads, newer)
    results.arrange([load.name for load in WHOLE])
    keep(results, KEPT)
    report.write(results, titles, HERE)


if __name__ == "__main__":
    main(prog_name="python -m bench")
