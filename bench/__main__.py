"""`python -m bench`: every server under every load, one after another on the same two cores."""

from __future__ import annotations

import os
from statistics import median

import click

from bench.catalogue import catalogue
from bench.client import BenchError
from bench.loads import LOADS, Figure, Pace
from bench.machine import cores, raise_descriptor_limit
from bench.servers import Missing, running


@click.command()
@click.option("--only", default="", help="Loads, separated by commas.")
@click.option("--servers", default="", help="Servers, separated by commas.")
@click.option("--rounds", default=3)
@click.option("--seconds", default=3.0)
@click.option("--set", "settings", multiple=True, help="section.key=value, for tornchat.")
def main(only: str, servers: str, rounds: int, seconds: float, settings: tuple[str, ...]) -> None:
    raise_descriptor_limit()
    server_core, client_core = cores()
    os.sched_setaffinity(0, {client_core})
    chosen = [
        s
        for s in catalogue([w for s in settings for w in ("--set", s)])
        if not servers or s.name in servers.split(",")
    ]
    for load in LOADS:
        if only and load.name not in only.split(","):
            continue
        found: dict[tuple[str, int], list[Figure]] = {}
        for _ in range(rounds):
            for server in chosen:
                try:
                    with running(server, server_core) as run:
                        for count, figure in load.measure(run, Pace(seconds, min(1.0, seconds / 3))).items():
                            found.setdefault((server.name, count), []).append(figure)
                except (Missing, BenchError) as why:
                    print(server.name, why)
        for count in load.in_flight:
            print(load.title, count, "in flight")
            for server in chosen:
                fs = found.get((server.name, count))
                if fs:
                    print(
                        f"  {server.name:15} {median(f.rate for f in fs) / 1000:9.1f}k {median(f.latency(0.5) for f in fs) * 1e3:7.2f} {median(f.latency(0.99) for f in fs) * 1e3:7.2f} ms  lost {sum(f.lost for f in fs)} misplaced {sum(f.misplaced for f in fs)}  spread {[round(f.rate / 1000, 1) for f in fs]}"
                    )


if __name__ == "__main__":
    main()
