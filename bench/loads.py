"""What is measured."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.client import Crowd
from bench.servers import Running

PROBES = 4


@dataclass(frozen=True)
class Pace:
    """How long each measurement takes, in seconds."""

    seconds: float = 3.0
    warm_up: float = 1.0


@dataclass(frozen=True)
class Figure:
    """What one server did in one measurement. Latencies are in seconds, sorted."""

    deliveries: int
    cpu: float
    lost: int
    misplaced: int
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Deliveries per CPU-second of the server."""
        return self.deliveries / max(self.cpu, 0.01)

    def latency(self, share: float) -> float:
        """The latency, in seconds, below which this share of the messages stayed."""
        if not self.latencies:
            return float("nan")
        return self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)]


@dataclass(frozen=True)
class FanOut:
    """Rooms in which one member speaks and all listen. Each of `in_flight` is measured for itself."""

    name: str
    title: str
    rooms: int
    members: int
    in_flight: tuple[int, ...]

    def measure(self, running: Running, pace: Pace) -> Mapping[int, Figure]:
        """Give the figure for each number of messages in flight. Raises `BenchError`."""
        crowd = Crowd(running.port, running.dialect)
        try:
            crowd.enter(self._places())
            crowd.settle()
            gc.collect()
            gc.freeze()
            return {count: _figure(running, crowd, count, pace) for count in self.in_flight}
        finally:
            crowd.close()

    def _places(self) -> Iterator[tuple[str, str]]:
        for room in range(self.rooms):
            for member in range(self.members):
                yield f"room{room}", f"user{room}-{member}"


def _figure(running: Running, crowd: Crowd, in_flight: int, pace: Pace) -> Figure:
    crowd.talk(in_flight, pace.warm_up)
    before = running.cpu_seconds()
    crowd.talk(in_flight, pace.seconds, PROBES)
    cpu = running.cpu_seconds() - before
    probes = crowd.probes
    latencies = sorted(latency for probe in probes for latency in probe.latencies)
    misplaced = sum(probe.misplaced for probe in probes)
    return Figure(crowd.deliveries, cpu, crowd.lost, misplaced, tuple(latencies))


LOADS = (
    FanOut("room200", "one room of 200", 1, 200, (1, 8, 64)),
    FanOut("solo200", "200 rooms of one", 200, 1, (1,)),
    FanOut("tens", "100 rooms of ten", 100, 10, (1, 8)),
    FanOut("room5000", "one room of 5,000", 1, 5000, (1,)),
)
