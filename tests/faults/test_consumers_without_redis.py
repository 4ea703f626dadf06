"""Durable consumers while Redis is away: one node holds the lease, another one stores, and nobody tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.log.test_consumers import Reader, methods, say
from tests.nodes import until
from tests.stage import Stage, open_stage
from tests.valkey import Valkey, valkey


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@asynccontextmanager
async def two_nodes(server: Valkey, place: Path, readers: list[Reader]) -> AsyncIterator[list[Stage]]:
    """Two nodes with one database, each with a consumer of the same name."""
    settings = {
        "tornchat": {"plugins": ("jwt", "peewee", "redis", "reader"), "data_dir": str(place)},
        "jwt": {"secret": "x" * 32},
        "peewee": {"url": f"apsw:///{place}/tornchat.db"},
        "redis": {"url": server.url},
    }
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_stage(place, settings, {"reader": plugin}))
            for plugin in (type("P", (), methods(reader)) for reader in readers)
        ]


def test_what_another_node_stores_while_redis_is_away_is_taken_once_and_in_order(
    server: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.log.consumers.SCAN_SECONDS", 0.2)

    async def play() -> None:
        readers = [Reader(), Reader()]
        async with two_nodes(server, tmp_path, readers) as (holds, other):
            await until(lambda: bool(holds.chat.consumers.held()), 10, "a lease")
            await say(other, "tea", "before")
            await readers[0].has(1)
            server.kill()
            await say(other, "tea", *(f"away {number}" for number in range(10)))
            await say(holds, "tea", "here")
            await readers[0].has(12)
            await asyncio.to_thread(server.start)
            await say(other, "tea", "after")
            await readers[0].has(13)
        wanted = ["before", *(f"away {number}" for number in range(10)), "here", "after"]
        assert (readers[0].of("tea"), readers[1].taken) == (wanted, [])

    asyncio.run(play())
