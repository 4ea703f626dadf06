"""The load generator: in C where there is a compiler, in Python elsewhere."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Protocol

from bench.client import Crowd
from bench.compiled import compiler
from bench.figures import percentile
from bench.heard import Heard
from bench.members import Frames
from bench.native import NativeGenerator
from bench.servers import Running
from bench.talk import Talk

PROBES = 8


class Generator(Protocol):
    """The clients of one server."""

    def enter(self, places: Iterable[tuple[str, str]]) -> None:
        """Connect every (room, user). Raises `BenchError` if somebody is not let in."""

    def talk(self, in_flight: int, seconds: float) -> Heard:
        """Keep so many messages of each room unanswered for so long, and wait for what is under way."""

    def close(self) -> None:
        """Hang up."""


class PythonGenerator:
    """The clients as a `Crowd`, some of which are probes."""

    def __init__(self, run: Running) -> None:
        self._run = run
        self._crowd = Crowd(run.port, run.dialect)
        self._frames = Frames(run.dialect)

    def enter(self, places: Iterable[tuple[str, str]]) -> None:
        """Connect every (room, user). Raises `BenchError` if somebody is not let in."""
        self._crowd.enter(places)
        self._crowd.settle()
        gc.collect()

    def talk(self, in_flight: int, seconds: float) -> Heard:
        """Keep so many messages of each room unanswered for so long, and wait for what is under way."""
        talk = Talk(self._crowd, self._frames, in_flight, self._run.cpu_seconds, PROBES)
        talk.run(seconds)
        return _heard(talk)

    def close(self) -> None:
        """Hang up."""
        self._crowd.close()


def _heard(talk: Talk) -> Heard:
    latencies = sorted(latency for probe in talk.probes for latency in probe.latencies)
    p50, p99, worst = (percentile(latencies, share) for share in (0.5, 0.99, 1))
    misplaced = sum(probe.misplaced for probe in talk.probes)
    return Heard(talk.deliveries, talk.lost, misplaced, p50, p99, worst)


def generator(run: Running) -> Generator:
    """The clients for a server, which have yet to enter."""
    return NativeGenerator(run) if compiler() else PythonGenerator(run)


def named() -> str:
    """Return one line that says which load generator is used."""
    if compiler():
        return "load generator: C (bench/load.c)"
    return "load generator: Python, since there is no C compiler; its answers arrive together"
