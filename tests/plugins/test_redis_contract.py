"""`redis`: broadcast and presence between nodes, by their contracts, on a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornchat_redis import RedisPlugin

from tests.valkey import Valkey, plugin, valkey
from tornchat.testing import BroadcastContract, PresenceContract


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


class OnValkey:
    """Two nodes that have the same server."""

    presence_ttl = 8.0

    @pytest.fixture(autouse=True)
    def _use(self, server: Valkey) -> None:
        self.server = server

    def make_plugin(self, tmp_path: Path) -> RedisPlugin:
        return plugin(self.server, presence_ttl=self.presence_ttl)

    def make_second_plugin(self, tmp_path: Path) -> RedisPlugin:
        return plugin(self.server, presence_ttl=self.presence_ttl)

    async def lose_bus(self, plugin: RedisPlugin) -> bool:
        """Redis closes the subscriptions of all nodes."""
        await asyncio.to_thread(self.server.ask, "CLIENT", "KILL", "TYPE", "pubsub")
        return True


class TestBroadcast(OnValkey, BroadcastContract):
    pass


class TestPresence(OnValkey, PresenceContract):
    presence_ttl = 1.0
    lease_seconds = 3.0
