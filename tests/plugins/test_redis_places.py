"""`redis`: servers that move: behind Sentinels, and in a cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot
from tornchat_redis import RedisPlugin

from tests.nodes import until
from tests.valkey import Valkey, free_port, valkey
from tornchat import Participant, SettingsError
from tornchat.testing import RecordingChat

ROMEO = Participant("1", "romeo")
SLOTS = 16384


@asynccontextmanager
async def two_nodes(place: Path, **settings: Any) -> AsyncIterator[list[tuple[RedisPlugin, RecordingChat]]]:
    """Two started plugins that hear the topic `room:hall`, and the chats that they call back."""
    nodes = [(RedisPlugin(RedisPlugin.Settings(**settings)), RecordingChat(place)) for _ in range(2)]
    try:
        for node, chat in nodes:
            await node.startup(chat)
            await node.subscribe("room:hall")
        yield nodes
    finally:
        for node, _ in nodes:
            await node.shutdown()


async def told_and_shared(nodes: list[tuple[RedisPlugin, RecordingChat]], word: bytes) -> None:
    """What one publishes, and who enters on one, comes to the other."""
    (one, _), (other, chat) = nodes
    one.publish("room:hall", word)
    await chat.until(lambda: word in chat.payloads("room:hall"), "the payload")
    await one.join_presence("hall", ROMEO, "r1")
    await chat.until(lambda: bool(chat.changes_of("hall")), "the change")
    assert (await other.read_presence("hall")).users == (ROMEO,)


# --- a cluster ---


@contextmanager
def cluster() -> Iterator[list[int]]:
    """The ports of two servers of one cluster, each with half of the slots."""
    ports, bus = [free_port() for _ in range(2)], [free_port() for _ in range(2)]
    options = [
        ("--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-port", str(other))
        for port, other in zip(ports, bus, strict=True)
    ]
    with valkey(*options[0]) as first, valkey(*options[1]) as second:
        first.ask("CLUSTER", "ADDSLOTSRANGE", "0", str(SLOTS // 2 - 1))
        second.ask("CLUSTER", "ADDSLOTSRANGE", str(SLOTS // 2), str(SLOTS - 1))
        first.ask("CLUSTER", "MEET", "127.0.0.1", str(ports[1]), str(bus[1]))
        for server in (first, second):
            wait_until(lambda server=server: b"state:ok" in server.ask("CLUSTER", "INFO"))  # type: ignore[misc]
        yield ports


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not happened():
        assert time.monotonic() < end, "the servers do not come together"
        time.sleep(0.05)


@pytest.mark.parametrize("sharded", [False, True])
def test_in_a_cluster_the_server_of_the_chats_slot_is_found(sharded: bool, tmp_path: Path) -> None:
    """Whichever of the servers is asked, and also for a prefix that is another's."""

    async def play(ports: list[int], prefix: str) -> None:
        for port in ports:
            url = f"redis+cluster://127.0.0.1:{port}"
            async with two_nodes(tmp_path, url=url, prefix=prefix, sharded=sharded) as nodes:
                await told_and_shared(nodes, b"hello")
                assert await nodes[0][0].leave_presence("hall", ROMEO, "r1")

    with cluster() as ports:
        prefixes = [f"chat{number}" for number in range(20)]
        low = [prefix for prefix in prefixes if key_slot(prefix.encode()) < SLOTS // 2]
        high = [prefix for prefix in prefixes if prefix not in low]
        for prefix in (low[0], high[0]):
            asyncio.run(play(ports, prefix))


def test_a_seed_that_is_away_is_passed_over(tmp_path: Path) -> None:
    async def play(ports: list[int]) -> None:
        url = f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{ports[1]}"
        async with two_nodes(tmp_path, url=url) as nodes:
            await told_and_shared(nodes, b"hello")

    with cluster() as ports:
        asyncio.run(play(ports))


# --- Sentinels ---


@pytest.mark.long
def test_the_master_that_sentinels_name_is_followed(tmp_path: Path) -> None:
    """The old one dies; its replica takes over, with what it has. Nodes find it by themselves."""

    async def play(url: str, master: Valkey) -> None:
        async with two_nodes(tmp_path, url=url, presence_ttl=2.0) as nodes:
            await told_and_shared(nodes, b"before")
            missed = [chat.missed for _, chat in nodes]
            master.kill()
            seconds = await until(
                lambda: (
                    all(set(node.health().values()) == {"ok"} for node, _ in nodes)
                    and all(chat.missed > known for (_, chat), known in zip(nodes, missed, strict=True))
                ),
                30,
                "the new master",
            )
            print(f"followed after {seconds:.1f} s")
            await told_and_shared(nodes, b"after")

    with watched() as (url, master):
        asyncio.run(play(url, master))


@contextmanager
def watched() -> Iterator[tuple[str, Valkey]]:
    """A master with a replica, and a Sentinel; gives the URL and the master."""
    ports = {name: str(free_port()) for name in ("master", "replica", "sentinel")}
    listen = {name: ("--port", port, "--bind", "127.0.0.1") for name, port in ports.items()}
    with (
        valkey(*listen["master"]) as master,
        valkey(*listen["replica"], "--replicaof", f"127.0.0.1 {ports['master']}") as replica,
    ):
        wait_until(lambda: "up" in replica.ask("INFO", "replication")["master_link_status"])  # type: ignore[index]
        with valkey(*listen["sentinel"], sentinel=watching(ports["master"])) as sentinel:
            wait_until(lambda: bool(sentinel.ask("SENTINEL", "REPLICAS", "main")))
            yield f"redis+sentinel://127.0.0.1:{ports['sentinel']}/main", master


def watching(master: str) -> tuple[str, ...]:
    """What a Sentinel is told: to declare the master dead soon, and to decide that alone."""
    return (
        f"sentinel monitor main 127.0.0.1 {master} 1",
        "sentinel down-after-milliseconds main 500",
        "sentinel failover-timeout main 5000",
    )


def test_sentinels_that_know_nobody_are_an_error_with_a_cure(tmp_path: Path) -> None:
    port = str(free_port())
    with valkey("--port", port, "--bind", "127.0.0.1", sentinel=watching(str(free_port()))):
        url = f"redis+sentinel://127.0.0.1:{port}/other"
        with pytest.raises(SettingsError, match="nobody knows where the server is"):
            asyncio.run(RedisPlugin(RedisPlugin.Settings(url=url)).startup(RecordingChat(tmp_path)))
