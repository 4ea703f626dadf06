"""What becomes of who is here when Redis forgets, when a node dies, and when one is stopped for a while."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.figures import told
from tests.nodes import node_options, open_nodes, until
from tests.stage import COUNT, Player, Stage, serving
from tests.valkey import Valkey, valkey

TTL = 8.0 if COUNT else 2.0
"""The default takes too long for every day."""
GHOST_SECONDS = 60.0 if COUNT else TTL
STOPPED_SECONDS = 60.0 if COUNT else TTL
USERS = "{tornchat}:users:hall"


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


class Witness:
    """Writes down who came and who went, as one player is told."""

    def __init__(self, player: Player) -> None:
        self.told: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._listen(player))

    async def _listen(self, player: Player) -> None:
        try:
            while True:
                frame = json.loads(await player.receive())
                if frame["type"] in ("user_join", "user_leave"):
                    self.told.append((frame["type"], frame["user_id"]))
                    self._news.set()
        except ConnectionClosed:
            pass

    async def is_told(self, kind: str, user: str) -> None:
        """Wait until this was told."""
        async with asyncio.timeout(10):
            while (kind, user) not in self.told:
                self._news.clear()
                await self._news.wait()

    def was_told(self, kind: str, user: str) -> Callable[[], bool]:
        return lambda: (kind, user) in self.told

    async def close(self) -> None:
        await self._task


async def cast_on(nodes: list[Stage]) -> tuple[list[Player], list[Witness]]:
    """One player on each node, all in one hall and aware of each other, and their witnesses."""
    names = ["romeo", "juliet", "nurse"][: len(nodes)]
    players = [await node.enters(name, "hall") for node, name in zip(nodes, names, strict=True)]
    witnesses = [Witness(player) for player in players]
    last = names[-1]
    await until(lambda: all(("user_join", last) in w.told for w in witnesses), 5, "the last one's entry")
    return players, witnesses


def here(server: Valkey) -> set[str]:
    """The users in the hall, as Redis has them."""
    return {user.decode() for user in server.ask("HKEYS", USERS)}  # type: ignore[attr-defined]


FORGETTING = {
    "FLUSHALL": lambda server: server.ask("FLUSHALL"),
    "a restart without its data": lambda server: server.restart(),
}


@pytest.mark.parametrize("forget", FORGETTING.values(), ids=FORGETTING)
@pytest.mark.long
def test_what_redis_forgot_is_rebuilt_and_nobody_is_shown_leaving(
    forget: Callable[[Valkey], object], server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with open_nodes(3, server, tmp_path, presence_ttl=TTL) as nodes:
            _, witnesses = await cast_on(nodes)
            forget(server)
            seconds = await until(lambda: here(server) == {"romeo", "juliet", "nurse"}, 15, "the rebuild")
            print(f"rebuilt after {seconds:.1f} s")
            mercutio = await nodes[0].enters("mercutio", "hall")
            for witness in witnesses:
                await until(witness.was_told("user_join", "mercutio"), 5, "a new one's entry")
            await mercutio.leaves()
            for witness in witnesses:
                await until(witness.was_told("user_leave", "mercutio"), 2 * TTL + 1, "his leave")
            assert all(w.told.count(("user_leave", "mercutio")) == 1 for w in witnesses)
            leaves = [event for w in witnesses for event in w.told if event[0] == "user_leave"]
            assert {user for _, user in leaves} == {"mercutio"}, f"shown leaving: {leaves}"

    asyncio.run(play())


@pytest.mark.long
def test_who_leaves_while_redis_is_rebuilt_is_told_once(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(3, server, tmp_path, presence_ttl=TTL) as nodes:
            players, witnesses = await cast_on(nodes)
            server.ask("FLUSHALL")
            await players[1].leaves()
            for witness in (witnesses[0], witnesses[2]):
                await until(witness.was_told("user_leave", "juliet"), 15, "her leave")
            await until(lambda: here(server) == {"romeo", "nurse"}, 15, "the rebuild")
            for witness in (witnesses[0], witnesses[2]):
                assert [event for event in witness.told if event[0] == "user_leave"] == [
                    ("user_leave", "juliet")
                ]

    asyncio.run(play())


def test_who_comes_and_goes_is_told_soon(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path, presence_ttl=TTL) as nodes:
            _, witnesses = await cast_on(nodes)
            joins, leaves = [], []
            for number in range(COUNT * 4 or 20):
                user, node = f"guest{number}", nodes[number % 2]
                began = time.monotonic()
                guest = await node.enters(user, "hall")
                for witness in witnesses:
                    await witness.is_told("user_join", user)
                joins.append(time.monotonic() - began)
                began = time.monotonic()
                await guest.leaves()
                for witness in witnesses:
                    await witness.is_told("user_leave", user)
                leaves.append(time.monotonic() - began)
            print(f"\n{len(joins)} guests, seen by both nodes: join {told(joins)}")
            print(f"leave {told(leaves)}")
            assert max(leaves) < 1.0

    asyncio.run(play())


@pytest.mark.long
def test_the_users_of_a_killed_node_leave_once(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        with serving(tmp_path / "data", *node_options(server, tmp_path / "data", TTL)) as doomed:
            async with open_nodes(2, server, tmp_path / "data", presence_ttl=TTL) as nodes:
                await doomed.stage.enters("mercutio", "hall")
                _, witnesses = await cast_on(nodes)
                await asyncio.sleep(TTL)  # a node that has just come up itself buries nobody
                doomed.kill()
                seconds = [
                    await until(w.was_told("user_leave", "mercutio"), 15, "his leave") for w in witnesses
                ]
                await asyncio.sleep(GHOST_SECONDS)
                ghosts = here(server) - {"romeo", "juliet"}
                print(f"\na killed node's user: gone after {max(seconds):.1f} s")
                print(f"ghosts {GHOST_SECONDS:.0f} s later: {len(ghosts)}")
                assert not ghosts
                leaves = [event for w in witnesses for event in w.told if event[0] == "user_leave"]
                assert leaves == [("user_leave", "mercutio")] * 2

    asyncio.run(play())


@pytest.mark.long
def test_a_node_that_was_stopped_enters_its_sessions_again(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        with serving(tmp_path / "data", *node_options(server, tmp_path / "data", TTL)) as sleeper:
            async with open_nodes(2, server, tmp_path / "data", presence_ttl=TTL) as nodes:
                mercutio = await sleeper.stage.enters("mercutio", "hall", ping_interval=None)  # he is patient
                players, witnesses = await cast_on(nodes)
                await asyncio.sleep(TTL)
                sleeper.process.send_signal(signal.SIGSTOP)
                for witness in witnesses:
                    await until(witness.was_told("user_leave", "mercutio"), 15, "his leave")
                assert here(server) == {"romeo", "juliet"}
                await asyncio.sleep(max(0.0, STOPPED_SECONDS - TTL))
                sleeper.process.send_signal(signal.SIGCONT)
                for witness in witnesses:
                    await until(witness.was_told("user_join", "mercutio"), 15, "his return")
                await players[0].says("Art thou not dead?")
                assert await mercutio.hears() == "Art thou not dead?"

    asyncio.run(play())


@pytest.mark.long
def test_nobody_leaves_when_redis_was_stopped_longer_than_a_lease(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(3, server, tmp_path, presence_ttl=TTL) as nodes:
            _, witnesses = await cast_on(nodes)
            await asyncio.sleep(1.5 * TTL)  # all may bury others now
            server.send(signal.SIGSTOP)
            await asyncio.sleep(3 * TTL)
            server.send(signal.SIGCONT)
            mercutio = await nodes[0].enters("mercutio", "hall")
            for witness in witnesses:
                await until(witness.was_told("user_join", "mercutio"), 10, "a new one's entry")
            await asyncio.sleep(2 * TTL)
            assert here(server) == {"romeo", "juliet", "nurse", "mercutio"}
            assert [event for w in witnesses for event in w.told if event[0] == "user_leave"] == []
            await mercutio.leaves()

    asyncio.run(play())


@pytest.mark.long
def test_older_data_that_redis_comes_back_with_is_corrected(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path, presence_ttl=TTL) as nodes:
            mercutio = await nodes[1].enters("mercutio", "hall")
            server.ask("SAVE")
            _, witnesses = await cast_on(nodes)
            await mercutio.leaves()
            await until(lambda: here(server) == {"romeo", "juliet"}, 5, "his leave")
            server.restart()
            await until(lambda: here(server) == {"romeo", "juliet"}, 15, "the correction")
            await asyncio.sleep(2 * TTL)
            for user in ("romeo", "juliet"):
                assert all(("user_leave", user) not in w.told for w in witnesses)
            late = await nodes[0].enters("nurse", "hall")
            assert {user["id"] for user in (await late.next())["users"]} == {"romeo", "juliet", "nurse"}

    asyncio.run(play())
