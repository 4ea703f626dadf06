"""What breaks, how often and for how long: drawn from a seed, so that a run can be had again."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TypeAlias

from tests.chaos.door import Door
from tests.chaos.record import Record
from tests.chaos.theatre import Node, Theatre

Fault: TypeAlias = Callable[["Faults"], Awaitable[int | None]]
"""Does its harm, mends it, and gives the number of the node that was harmed, if it was one."""

LONGEST_STOP = 12.0


class Faults:
    """Breaks things until it is told to end; what it broke is whole again then."""

    def __init__(self, theatre: Theatre, doors: Sequence[Door], record: Record, chance: Random) -> None:
        self.theatre = theatre
        self.doors = doors
        self.chance = chance
        self.longest = LONGEST_STOP
        self.counts: dict[str, int] = {}
        self._record = record

    async def go_on(self, seconds: float, lane: Sequence[Fault]) -> None:
        """One fault of the lane after the other, for so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.longest = max(min(LONGEST_STOP, left), 0.5)
            fault = self.chance.choice(lane)
            kind = fault.__name__.replace("_", " ")
            began = time.monotonic()
            node = await fault(self)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self._record.note("stage", "fault", kind=kind, node=node, began=began, until=time.monotonic())
            await asyncio.sleep(self.chance.uniform(0.2, 1.5))

    async def lasts(self, least: float, most: float) -> None:
        """How long a fault goes on."""
        await asyncio.sleep(min(self.chance.uniform(least, most), self.longest))

    def any_node(self) -> tuple[int, Node]:
        """One of the nodes, and its number."""
        number = self.chance.randrange(len(self.theatre.nodes))
        return number, self.theatre.nodes[number]


# --- nodes and clients ------------------------------------------------------------------------------------


async def kill_node(faults: Faults) -> int:
    number, node = faults.any_node()
    node.kill()
    await faults.lasts(0.2, 4)
    await node.start()
    return number


async def stop_node(faults: Faults) -> int:
    number, node = faults.any_node()
    node.send(signal.SIGSTOP)
    try:
        await faults.lasts(3, LONGEST_STOP)
    finally:
        node.send(signal.SIGCONT)
    return number


async def reset_clients(faults: Faults) -> None:
    for door in faults.chance.sample(faults.doors, faults.chance.randint(1, len(faults.doors) // 2)):
        door.slam()


# --- Redis ------------------------------------------------------------------------------------------------


async def kill_redis(faults: Faults) -> None:
    redis = faults.theatre.redis
    redis.kill()
    await faults.lasts(0.2, 6)
    await asyncio.to_thread(redis.start)


async def stop_redis(faults: Faults) -> None:
    redis = faults.theatre.redis
    redis.send(signal.SIGSTOP)
    try:
        await faults.lasts(0.5, 8)
    finally:
        redis.send(signal.SIGCONT)


async def kill_subscriptions(faults: Faults) -> None:
    await asyncio.to_thread(faults.theatre.redis.ask, "CLIENT", "KILL", "TYPE", "pubsub")


async def empty_redis(faults: Faults) -> None:
    await asyncio.to_thread(faults.theatre.redis.ask, "FLUSHALL")


async def delay_redis(faults: Faults) -> int:
    number, node = faults.any_node()
    node.redis.delay = faults.chance.uniform(0.01, 0.6)
    await faults.lasts(0.5, 5)
    node.redis.delay = 0.0
    return number


async def swallow_redis(faults: Faults) -> int:
    """What Redis sends is lost for a while; then the connection, out of step, is cut."""
    number, node = faults.any_node()
    node.redis.swallows = True
    await faults.lasts(0.2, 5)
    node.redis.swallows = False
    node.redis.cut()
    return number


async def cut_redis(faults: Faults) -> int:
    number, node = faults.any_node()
    node.redis.cut()
    return number


# --- PostgreSQL -------------------------------------------------------------------------------------------


async def cut_off_database(faults: Faults) -> None:
    await asyncio.to_thread(faults.theatre.postgres.cut_off)


async def restart_database(faults: Faults) -> None:
    postgres = faults.theatre.postgres
    await asyncio.to_thread(faults.chance.choice([postgres.stop, postgres.kill]))
    await faults.lasts(0.1, 3)
    await asyncio.to_thread(postgres.start)


async def stop_database(faults: Faults) -> None:
    with faults.theatre.postgres.stopped():
        await faults.lasts(0.5, 8)


NODES: tuple[Fault, ...] = (kill_node, stop_node, reset_clients)
PARTS: tuple[Fault, ...] = (
    kill_redis,
    stop_redis,
    kill_subscriptions,
    empty_redis,
    delay_redis,
    swallow_redis,
    cut_redis,
    cut_off_database,
    restart_database,
    stop_database,
)
"""Two lanes: a node or its clients, and at the same time a part that they need."""
