"""`python -m bench`: every server under every load, one after another on the same two cores."""

from __future__ import annotations

import os

import click

from bench.catalogue import catalogue
from bench.loads import Pace
from bench.machine import cores, raise_descriptor_limit
from bench.suite import QUICK, WHOLE, measure


def _words(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


@click.command()
@click.option("--quick", is_flag=True, help="Under three minutes: smaller loads, measured once.")
@click.option("--only", callback=_words, default="", metavar="LOAD,...", help="These loads.")
@click.option("--servers", "names", callback=_words, default="", metavar="NAME,...", help="These servers.")
@click.option("--rounds", type=click.IntRange(1), help="[default: 3; 1 with --quick]")
@click.option("--seconds", type=click.FloatRange(0.1), help="[default: 3; 0.5 with --quick]")
@click.option("--set", "settings", multiple=True, metavar="SECTION.KEY=VALUE", help="For tornchat.")
def main(quick: bool, only: list[str], names: list[str], rounds: int | None, seconds: float | None, settings: tuple[str, ...]) -> None:
    raise_descriptor_limit()
    server_core, own = cores()
    os.sched_setaffinity(0, {own})
    servers = [s for s in catalogue([w for s in settings for w in ("--set", s)]) if not names or s.name in names]
    loads = [load for load in (QUICK if quick else WHOLE) if not only or load.name in only]
    seconds = seconds or (0.5 if quick else 3)
    pace = Pace(seconds, min(1, seconds / 3), server_core)
    results = measure(loads, servers, rounds or (1 if quick else 3), pace, lambda t: click.echo(t, err=True))
    for key, case in results.cases.items():
        print(case.title, case.unit)
        for server in servers:
            f = results.of(key, server.name)
            if f:
                ms = lambda x: "" if x is None else f"{x*1e3:8.2f}"
                print(f"  {server.name:15} {f.value:12.1f} {ms(f.p50)} {ms(f.p99)} ms  lost {f.lost} {f.misplaced} {[round(x.value) for x in results.figures[key][server.name]]}")
    print(results.notes)


if __name__ == "__main__":
    main()
