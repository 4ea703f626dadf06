"""Checks of the Redis server."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat import Fault
from tornchat_redis.connections import FAILURES, RedisConnections, close, reason


async def faults(connections: RedisConnections) -> Sequence[Fault]:
    """Connect and return the faults that would prevent operation. Changes nothing."""
    connection = None
    try:
        connection = await connections.open()
        await connection.send_command("INFO", "memory")
        memory: bytes = await connection.read_response()
    except FAILURES as error:
        what = f"Redis can't be used: {reason(error)}."
        return [Fault(what, "Check [redis] url, and whether the server runs.")]
    finally:
        await close(connection)
    return _memory_faults(memory)


def _memory_faults(memory: bytes) -> list[Fault]:
    if b"maxmemory_policy:allkeys" not in memory or b"maxmemory:0\r" in memory:
        return []
    return [
        Fault(
            "Redis throws keys away when its memory is full (maxmemory-policy), also those of who is here.",
            "Set maxmemory-policy to noeviction or to a volatile one.",
        )
    ]
