"""Several nodes of one chat in one process, on one real Valkey and one database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.proxy import Proxy
from tests.stage import Stage, open_stage
from tests.valkey import Valkey

SECRET = "the one key that all nodes of this chat have"


@asynccontextmanager
async def open_nodes(
    count: int, server: Valkey | Proxy, data_dir: Path, **redis: object
) -> AsyncIterator[list[Stage]]:
    """`count` nodes; `redis` is what stands in their `[redis]` besides the URL."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_node(server, data_dir, redis)) for _ in range(count)]


@asynccontextmanager
async def _node(server: Valkey | Proxy, data_dir: Path, redis: Mapping[str, object]) -> AsyncIterator[Stage]:
    settings: dict[str, Mapping[str, object]] = {
        "tornchat": {"plugins": ("jwt", "peewee", "redis"), "data_dir": str(data_dir)},
        "jwt": {"secret": SECRET},
        "peewee": {"url": f"apsw:///{data_dir}/tornchat.db"},  # a SQLite that several processes may use
        "redis": {"url": server.url, **redis},
    }
    async with open_stage(data_dir, settings) as stage:
        stage.key = SECRET
        yield stage


def node_options(server: Valkey | Proxy, data_dir: Path, presence_ttl: float) -> list[str]:
    """What makes `tornchat serve` one more node."""
    data_dir.mkdir(parents=True, exist_ok=True)
    key = data_dir / "jwt.key"
    key.write_text(SECRET)
    chosen = [
        "tornchat.plugins=jwt,peewee,redis",
        f"jwt.secret_file={key}",
        f"redis.url={server.url}",
        f"redis.presence_ttl={presence_ttl}",
        f"peewee.url=apsw:///{data_dir}/tornchat.db",
    ]
    return [word for setting in chosen for word in ("--set", setting)]


async def until(happened: Callable[[], bool], seconds: float, what: str) -> float:
    """Look at what only Redis knows, again and again, and give the seconds it took."""
    start = time.monotonic()
    while not happened():
        assert time.monotonic() - start < seconds, f"{what} not within {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - start
