"""The loads of a run, and the run itself: for each load all servers, one after another, round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.client import BenchError
from bench.cold import Cold
from bench.loads import FanOut, Idle, Load, Pace, Storm
from bench.paced import Open
from bench.results import Results
from bench.servers import Missing, Server

WHOLE: tuple[Load, ...] = (
    FanOut("room200", "200 in a room", 1, 200, (1, 8, 64)),
    FanOut("solo200", "200 rooms of 1", 200, 1, (1,)),
    FanOut("tens", "100 rooms of 10", 100, 10, (1, 8)),
    Open(),
    FanOut("room5000", "5,000 in a room", 1, 5000, (1,)),
    Storm(),
    Idle(),
    Cold(),
)
QUICK: tuple[Load, ...] = (
    FanOut("room200", "200 in a room", 1, 200, (1, 8, 64)),
    FanOut("solo200", "200 rooms of 1", 200, 1, (1,)),
    FanOut("tens", "100 rooms of 10", 100, 10, (1, 8)),
    Open(),
    FanOut("room1000", "1,000 in a room", 1, 1000, (1,)),
    Storm(rooms=30),
    Idle(connections=1000),
    Cold(many=1_000_000),
)
QUICK_SERVERS = (
    *("tornchat", "limit", "limit-joined", "socketify", "websockets", "aiohttp", "ws", "tornado"),
    *("channels", "tornado-jwt"),
)
ONCE = frozenset({"cold"})
"""Loads that repeat by themselves."""


def measure(
    loads: Sequence[Load], servers: Sequence[Server], rounds: int, pace: Pace, tell: Callable[[str], None]
) -> Results:
    """Run every load on every server; `tell` hears what goes on. What fails is noted and left out."""
    results = Results()
    for load in loads:
        for number in range(1 if load.name in ONCE else rounds):
            for server in servers:
                if load.measures(server.name) and (not server.loads or load.name in server.loads):
                    tell(f"{load.name}, round {number + 1}: {server.name}")
                    _measure_one(load, server, pace, results)
    return results


def _measure_one(load: Load, server: Server, pace: Pace, results: Results) -> None:
    try:
        for case, figure in load.run(server, pace):
            results.add(case, server.name, figure)
    except Missing as why:
        results.note(load.name, f"{server.name} was left out: {why}.")
    except BenchError as why:
        results.note(load.name, f"{server.name}, {load.name}: {why}.")
