"""`python -m bench.cost`: what a message costs tornchat, thread by thread, in Python and in the kernel."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import click

from bench.catalogue import catalogue
from bench.client import Crowd
from bench.loads import FanOut, places
from bench.machine import Spent, cores, pinned, raise_descriptor_limit, spent
from bench.members import Frames
from bench.servers import Running, running
from bench.suite import WHOLE
from bench.talk import Talk

LOADS = ("room200", "solo200", "tens")


class Cost(NamedTuple):
    """CPU time for each message, in microseconds: of the event loop's thread, and of all others."""

    title: str
    loop: Spent
    others: Spent

    def row(self) -> str:
        """One line of the table."""
        figures = (*self.loop, *self.others, sum(self.loop) + sum(self.others))
        return " | ".join([f"| {self.title}", *(f"{figure:,.1f}" for figure in figures)]) + " |"


def costs(load: FanOut, core: int, seconds: float) -> Iterator[Cost]:
    """Run a load on tornchat and give what it cost, once for each number of messages in flight."""
    [tornchat] = [server for server in catalogue() if server.name == "tornchat"]
    with running(tornchat, core) as run, closing(Crowd(run.port, run.dialect)) as crowd:
        crowd.enter(places(load.rooms, load.members))
        crowd.settle()
        gc.collect()
        frames = Frames(run.dialect)
        for count in load.in_flight:
            Talk(crowd, frames, count, run.cpu_seconds).run(seconds / 3)
            talk = Talk(crowd, frames, count, run.cpu_seconds)
            yield _cost(f"{load.title}, {count} in flight", run, talk, load.members, seconds)


def _cost(title: str, run: Running, talk: Talk, members: int, seconds: float) -> Cost:
    before = spent(run.pid)
    talk.run(seconds)
    after = spent(run.pid)
    messages = talk.deliveries / members
    used = {thread: now - before.get(thread, Spent(0, 0)) for thread, now in after.items()}
    loop = used.pop(run.pid)
    return Cost(title, loop.each(messages), sum(used.values(), Spent(0, 0)).each(messages))


@click.command()
@click.option("--seconds", type=click.FloatRange(0.1), default=3.0, show_default=True)
def main(seconds: float) -> None:
    """Print a table, in microseconds of CPU time per message."""
    raise_descriptor_limit()
    core, own = cores()
    click.echo("| load | loop, Python | loop, kernel | writer, Python and SQLite | writer, kernel | all |")
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: |")
    with pinned(own):
        for load in WHOLE:
            if isinstance(load, FanOut) and load.name in LOADS:
                for cost in costs(load, core, seconds):
                    click.echo(cost.row())


if __name__ == "__main__":
    main()
