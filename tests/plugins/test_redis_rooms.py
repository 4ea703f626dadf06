"""`redis`: the scripts of presence, one by one, and what a node may end of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from tornchat_redis import RedisPlugin
from tornchat_redis.connections import RedisConnections
from tornchat_redis.lease import RENEWALS, Lease
from tornchat_redis.names import Names
from tornchat_redis.pipe import Pipe
from tornchat_redis.rooms import PresenceScripts

from tests.valkey import Valkey, valkey
from tornchat import Participant, Roster, Unavailable

ROMEO = Participant("1", "romeo")
JULIET = Participant("2", "juliet")
TTL = 0.2
LEASES = "{tornchat}:leases"


@pytest.fixture(scope="module")
def running() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def server(running: Valkey) -> Valkey:
    running.ask("FLUSHALL")
    return running


@asynccontextmanager
async def two_nodes(
    server: Valkey, ttl: float = TTL
) -> AsyncIterator[tuple[PresenceScripts, PresenceScripts]]:
    """The scripts as two nodes run them, on one connection; both hold their leases."""
    pipe = Pipe(RedisConnections(RedisPlugin.Settings(url=server.url)))
    running = asyncio.create_task(pipe.run())
    try:
        nodes = [PresenceScripts(Names("tornchat", name), pipe, ttl) for name in ("n1", "n2")]
        for node in nodes:
            await node.renew("origin")
        yield nodes[0], nodes[1]
    finally:
        running.cancel()
        await asyncio.wait([running])


def play(
    server: Valkey, scene: Callable[[PresenceScripts, PresenceScripts], Awaitable[None]], ttl: float = TTL
) -> None:
    async def main() -> None:
        async with two_nodes(server, ttl) as (one, two):
            await scene(one, two)

    asyncio.run(main())


async def enter(
    node: PresenceScripts, *users: Participant, all_of_them: bool = False
) -> tuple[set[str], set[str]]:
    sessions = {f"of {user.id}": user for user in users}
    return await node.enter("hall", 0, sessions, all_of_them=all_of_them)


async def roster(node: PresenceScripts, floor: int = 0) -> Roster:
    return await node.read("hall", floor)


def test_a_lease_that_ended_is_told_to_its_node_and_to_the_others(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        assert await one.renew("") == (True, True, [])
        await asyncio.sleep(2 * TTL)
        assert await two.renew("") == (False, True, ["n1"])
        assert await one.renew("") == (False, True, [])
        assert await one.renew("") == (True, True, [])

    play(server, scene)


def test_a_node_whose_lease_holds_ends_what_a_dead_one_had(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        await enter(two, JULIET)
        before = await roster(two)
        await asyncio.sleep(2 * TTL)
        await two.renew("")
        await two.reap("n1", "hall")
        assert await roster(two) == Roster(before.version + 1, (JULIET,))
        assert server.ask("ZRANGE", LEASES, 0, -1) == [b"n2"]
        assert await two.of("n1") == []

    play(server, scene)


def test_nobody_ends_what_a_living_node_has(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        await two.reap("n1", "hall")
        await two.forget("n1")
        assert (await roster(two)).users == (ROMEO,)

    play(server, scene, ttl=60)


def test_a_node_that_lost_its_own_lease_ends_nobody(server: Valkey) -> None:
    """Its command may have waited for a server that was stopped: then every lease has ended."""

    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        await asyncio.sleep(2 * TTL)
        await two.reap("n1", "hall")
        assert (await roster(two)).users == (ROMEO,)

    play(server, scene)


def test_a_dead_node_is_found_though_the_servers_clock_was_set_back(server: Valkey) -> None:
    """One lease later: at first it may live, and only not have renewed its lease since then."""

    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        ends = float(server.ask("ZSCORE", LEASES, "n1"))  # type: ignore[arg-type]
        server.ask("ZADD", LEASES, str(int(ends + 3600e6)), "n1")
        assert (await two.renew(""))[2] == []
        await two.reap("n1", "hall")
        assert (await roster(two)).users == (ROMEO,)
        await asyncio.sleep(2 * TTL)
        assert (await two.renew(""))[2] == ["n1"]
        await two.reap("n1", "hall")
        assert (await roster(two)).users == ()

    play(server, scene)


def test_a_dead_node_without_sessions_is_forgotten(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await asyncio.sleep(2 * TTL)
        await two.renew("")
        await two.forget("n1")
        assert server.ask("ZRANGE", LEASES, 0, -1) == [b"n2"]

    play(server, scene)


def test_who_resigns_with_sessions_left_is_dead_at_once(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        await one.resign()
        assert (await two.renew(""))[2] == ["n1"]
        await two.reap("n1", "hall")
        await two.resign()
        assert server.ask("EXISTS", LEASES) == 0

    play(server, scene, ttl=60)


def test_entering_all_sessions_ends_those_that_are_no_more(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        assert await enter(one, JULIET, all_of_them=True) == ({"of 2"}, {"of 1"})
        assert (await roster(one)).users == (JULIET,)
        assert await enter(one, all_of_them=True) == (set(), {"of 2"})
        assert await one.of("n1") == []

    play(server, scene, ttl=60)


def test_who_stays_with_another_session_is_not_shown_leaving(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await one.enter("hall", 0, {"old": ROMEO}, all_of_them=False)
        before = await roster(one)
        assert await one.enter("hall", 0, {"new": ROMEO}, all_of_them=True) == (set(), set())
        assert await roster(one) == before

    play(server, scene, ttl=60)


def test_versions_rise_over_a_loss_of_everything(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        before = (await roster(one)).version
        server.ask("FLUSHALL")
        assert (await roster(one)).version > before
        assert (await roster(one, before + 10**9)).version == before + 10**9  # the clock was set back

    play(server, scene, ttl=60)


def test_a_roster_is_not_complete_until_the_nodes_had_time_to_enter_again(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        strange = []
        one.on_strange = lambda: strange.append("one")
        assert (await roster(one)).complete
        server.ask("FLUSHALL")
        assert not (await roster(one)).complete
        assert strange == ["one"]
        assert await one.renew("new") == (False, False, [])
        assert await two.renew("new") == (False, False, [])
        await asyncio.sleep(2 * TTL)
        assert (await roster(one)).complete
        assert strange == ["one"]

    play(server, scene)


def test_a_restart_makes_rosters_doubtful_even_with_all_data(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO)
        server.ask("SAVE")
        server.restart()
        await one_that_works(lambda: one.renew("new"))
        known = await roster(one)
        assert known.users == (ROMEO,)
        assert not known.complete

    play(server, scene, ttl=60)


async def one_that_works(ask: Callable[[], Awaitable[object]]) -> object:
    """The connection is found broken by the first command."""
    try:
        return await ask()
    except Unavailable:
        return await ask()


def test_the_version_rises_once_for_each_user_of_a_dead_node(server: Valkey) -> None:
    """One change is published for all; its version shows the other nodes that they missed the rest."""

    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        await enter(one, ROMEO, JULIET)
        before = await roster(two)
        assert len(before.users) == 2
        await asyncio.sleep(2 * TTL)
        await two.renew("")
        await two.reap("n1", "hall")
        assert await roster(two) == Roster(before.version + 2, ())

    play(server, scene)


def test_the_version_rises_once_for_each_user_that_a_node_enters(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        before = (await roster(one)).version
        await enter(one, ROMEO, JULIET)
        assert (await roster(one)).version == before + 2
        await enter(one, ROMEO, JULIET)
        assert (await roster(one)).version == before + 2
        await enter(one, JULIET, all_of_them=True)
        assert (await roster(one)).version == before + 3

    play(server, scene, ttl=60)


def test_all_nodes_that_died_are_reaped_at_the_next_renewal(server: Valkey) -> None:
    async def scene(one: PresenceScripts, two: PresenceScripts) -> None:
        three = PresenceScripts(Names("tornchat", "n3"), two._pipe, 60)
        await three.renew("origin")
        await one.enter("hall", 0, {"of romeo": ROMEO}, all_of_them=False)
        await three.enter("hall", 0, {"of juliet": JULIET}, all_of_them=False)

        async def enter_all() -> None:
            await two.enter("hall", 0, {}, all_of_them=True)

        now = 0.0
        lease = Lease(two, 60, enter_all, lambda: None, lambda: now)
        for _ in range(6):  # a node reaps others once its own lease has held for a whole time
            await lease.renew()
            now += 60 / RENEWALS
        server.ask("ZADD", LEASES, "1", "n1", "1", "n3")
        assert len((await roster(two)).users) == 2
        await lease.renew()
        assert (await roster(two)).users == ()
        assert server.ask("ZRANGE", LEASES, 0, -1) == [b"n2"]

    play(server, scene, ttl=60)
