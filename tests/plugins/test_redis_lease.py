"""`redis`: when a node may end the sessions of others, with answers of a server and times made up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tornchat_redis.lease import RENEWALS, Lease

from tornchat import Unavailable

TTL = 8.0
PAUSE = TTL / RENEWALS


class Server:
    """Answers renewals, and writes down whose sessions the node ends. Time passes only here."""

    def __init__(self) -> None:
        self.now = 100.0
        self.takes = 0.0
        """Seconds until the server answers."""
        self.dead: list[str] = []
        self.kept = True
        self.away = False
        self.reaped: list[str] = []
        self.entered = asyncio.Event()
        self.entered.set()
        self.renewals = 0
        """The number of renewals after which all sessions are entered."""
        rooms: Any = self
        self.lease = Lease(rooms, TTL, self.enter_all, lambda: None, lambda: self.now)

    async def renew(self, fresh: str) -> tuple[bool, bool, list[str]]:
        self.now += self.takes
        self.renewals -= 1
        if self.renewals == 0:
            self.entered.set()
        if self.away:
            raise Unavailable("away")
        return self.kept, True, self.dead

    async def enter_all(self) -> None:
        """All sessions are entered."""
        await self.entered.wait()

    async def of(self, node: str) -> list[str]:
        return ["hall"]

    async def reap(self, node: str, room: str) -> None:
        self.reaped.append(node)

    async def forget(self, node: str) -> None:
        """It has none left."""

    async def renews(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += PAUSE
            await self.lease.renew()


def play(scene: Callable[[Server], Awaitable[None]]) -> None:
    """The scene begins when the node has held its lease for a while, and may end sessions of others."""

    async def main() -> None:
        server = Server()
        await server.renews(2 * RENEWALS)
        await scene(server)

    asyncio.run(main())


def test_sessions_of_a_dead_node_are_ended_at_the_next_renewal() -> None:
    async def scene(server: Server) -> None:
        server.dead = ["n1"]
        await server.renews()
        assert server.reaped == ["n1"]

    play(scene)


def test_a_node_that_was_late_itself_ends_nobody() -> None:
    """A pause of the machine: the lease of this node held just so long, that of another did not."""

    async def scene(server: Server) -> None:
        server.now += 0.85 * TTL - PAUSE
        server.dead = ["n1"]
        await server.renews()
        assert server.reaped == []
        await server.renews()
        assert server.reaped == ["n1"], "the other has had its time"

    play(scene)


def test_a_lease_that_a_command_considered_lost_has_renewed_proves_nothing() -> None:
    """A server that was stopped executes the renewal that nobody waits for any more, and then the next."""

    async def scene(server: Server) -> None:
        server.away = True
        try:
            await server.renews()
        except Unavailable:
            server.lease.doubt()
        server.away, server.dead = False, ["n1"]
        await server.renews(RENEWALS)
        assert server.reaped == []
        await server.renews(2)
        assert server.reaped[:1] == ["n1"]

    play(scene)


def test_the_lease_is_renewed_while_sessions_are_entered_however_long_that_takes() -> None:
    """A slow connection to Redis, or thousands of rooms: others would take this node for dead."""

    async def scene(server: Server) -> None:
        server.lease.doubt()
        server.lease._ttl = 0.1
        server.entered.clear()
        server.renewals = 2 * RENEWALS
        async with asyncio.timeout(10):
            await server.lease.renew()
        assert server.lease.holds

    play(scene)


def test_a_lease_that_is_lost_while_sessions_are_entered_makes_them_be_entered_again() -> None:
    async def scene(server: Server) -> None:
        server.lease.doubt()
        server.lease._ttl = 0.1
        server.entered.clear()
        server.renewals, server.kept = RENEWALS, False
        async with asyncio.timeout(10):
            await server.lease.renew()
        assert not server.lease.holds
        server.kept = True
        await server.lease.renew()
        assert server.lease.holds

    play(scene)


def test_a_lease_is_held_since_the_answer_and_not_since_the_question() -> None:
    async def scene(server: Server) -> None:
        server.kept, server.takes, server.dead = False, 0.9 * TTL, ["n1"]
        await server.renews()
        server.kept, server.takes = True, 0.0
        await server.renews(RENEWALS)
        assert server.reaped == []
        await server.renews()
        assert server.reaped == ["n1"]

    play(scene)
