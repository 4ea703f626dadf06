"""What is measured, and how."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bench.client import BenchError, Crowd
from bench.commits import commits
from bench.figures import JOINS, MEMORY, RATE, Case, Figure, percentile
from bench.generator import generator
from bench.heard import Heard
from bench.machine import raise_descriptor_limit
from bench.members import Frames
from bench.servers import Running, Server, running
from bench.talk import Talk

HISTORY = 50
SPARE_DESCRIPTORS = 200


@dataclass(frozen=True)
class Pace:
    """How long each measurement takes, in seconds, and the core that the servers run on."""

    seconds: float
    warm_up: float
    core: int


class Load(Protocol):
    """A load: the cases that it measures one server in."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    def measures(self, server: str) -> bool:
        """Say whether this server is one that the load is for."""

    def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
        """Start the server and give its figures. Raises `BenchError`, and `Missing` if it can't be had."""


def places(rooms: int, members: int) -> Iterator[tuple[str, str]]:
    """Give the (room, user) of everybody."""
    for room in range(rooms):
        for member in range(members):
            yield f"room{room}", f"user{room}m{member}"


@dataclass(frozen=True)
class FanOut:
    """Rooms in which one member speaks and all hear it; each number of messages in flight is a case."""

    name: str
    title: str
    rooms: int
    members: int
    in_flight: tuple[int, ...]

    def measures(self, server: str) -> bool:
        return server != "tornado-jwt"

    def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
        with running(server, pace.core) as run, closing(generator(run)) as clients:
            clients.enter(places(self.rooms, self.members))
            for count in self.in_flight:
                clients.talk(count, pace.warm_up)
                yield self._case(count), measured(run, partial(clients.talk, count, pace.seconds))

    def _case(self, in_flight: int) -> Case:
        return Case(f"{self.name}-{in_flight}", self.name, f"{self.title}, {in_flight} in flight", RATE)


def measured(run: Running, speak: Callable[[], Heard]) -> Figure:
    """Let the clients of a server speak, and give what it cost and what they heard."""
    stored, before = commits(run), run.cpu_seconds()
    heard = speak()
    cpu = run.cpu_seconds() - before
    if not cpu or not heard.deliveries:
        raise BenchError(f"{heard.deliveries} messages in {cpu:.2f} s of CPU time are too few to be measured")
    rate, each = heard.deliveries / cpu, commits(run).each(stored)
    return Figure(rate, heard.p50, heard.p99, heard.lost, heard.misplaced, heard.worst, each)


@dataclass(frozen=True)
class Storm:
    """Everybody is gone at once and comes back: rooms of ten, with a token, user list and history.

    Stock Tornado has none of it but the token. What the leaving costs is not counted.
    """

    name: str = "storm"
    rooms: int = 100

    def measures(self, server: str) -> bool:
        return server in ("tornchat", "tornado-jwt")

    def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
        keeps_history = server.name == "tornchat"
        with running(server, pace.core) as run:
            if keeps_history:
                self._fill(run)
            with closing(Crowd(run.port, run.dialect, HISTORY if keeps_history else 0)) as crowd:
                self._wave(run, crowd)
                crowd.entries.clear()
                yield self._case(), self._waves(run, crowd, pace.seconds)

    def _fill(self, run: Running) -> None:
        with closing(Crowd(run.port, run.dialect)) as crowd:
            crowd.enter(places(self.rooms, 1))
            talk = Talk(crowd, Frames(run.dialect), HISTORY, run.cpu_seconds)
            talk.run(0)
            if talk.lost:
                raise BenchError(f"{talk.lost} messages of the history were lost")

    def _waves(self, run: Running, crowd: Crowd, seconds: float) -> Figure:
        cpu, end = 0.0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            cpu += self._wave(run, crowd)
        if not cpu:
            raise BenchError("it did nothing that could be measured")
        p50, p99 = percentile(crowd.entries, 0.5), percentile(crowd.entries, 0.99)
        return Figure(len(crowd.entries) / cpu, p50, p99)

    def _wave(self, run: Running, crowd: Crowd) -> float:
        crowd.leave()
        run.await_idle()
        before = run.cpu_seconds()
        crowd.enter(places(self.rooms, 10))
        crowd.settle()
        return run.cpu_seconds() - before

    def _case(self) -> Case:
        return Case(self.name, self.name, f"{self.rooms * 10:,} joins at once into rooms of ten", JOINS)


@dataclass(frozen=True)
class Idle:
    """Connections that do nothing, in rooms of ten. The memory of the first hundred is not counted."""

    name: str = "idle"
    connections: int = 10_000

    def measures(self, server: str) -> bool:
        return server != "tornado-jwt"

    def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
        if raise_descriptor_limit() < self.connections + SPARE_DESCRIPTORS:
            raise BenchError(f"{self.connections} connections need more open files: raise `ulimit -n`")
        with running(server, pace.core) as run, closing(Crowd(run.port, run.dialect)) as crowd:
            crowd.enter((f"first{number // 10}", f"first{number}") for number in range(100))
            crowd.settle()
            before = run.rss_bytes()
            crowd.enter(places(self.connections // 10, 10))
            crowd.settle()
            grown = run.rss_bytes() - before
        title = f"{self.connections:,} idle connections in rooms of ten"
        yield Case(self.name, self.name, title, MEMORY), Figure(grown / self.connections / 1024)
