"""An open loop: messages come at a fixed rate, whether the server keeps up or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from bench.compiled import compiler
from bench.figures import PACED, Case, Figure
from bench.loads import Pace, measured, places
from bench.native import NativeGenerator
from bench.servers import Missing, Server, running


@dataclass(frozen=True)
class Open:
    """Rooms in each of which one member sends `rate` messages a second; latency counts from the due time."""

    name: str = "open"
    rooms: int = 100
    members: int = 10
    rate: int = 10

    def measures(self, server: str) -> bool:
        return server != "tornado-jwt"

    def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
        if compiler() is None:
            raise Missing("a fixed rate needs the load generator in C, and there is no compiler")
        with running(server, pace.core) as run, closing(NativeGenerator(run)) as clients:
            clients.enter(places(self.rooms, self.members))
            clients.pace(self.rate, pace.warm_up)
            yield self._case(), measured(run, partial(clients.pace, self.rate, pace.seconds))

    def _case(self) -> Case:
        title = f"{self.rooms} rooms of {self.members}, {self.rate} messages/s in each"
        return Case(self.name, self.name, title, PACED)
