"""`redis`: broadcast and presence between nodes, by their contracts, on a real Valkey."""

from __future__ import annotations

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

    @pytest.fixture(autouse=True)
    def _use(self, server: Valkey) -> None:
        self.server = server

    def make_plugin(self, tmp_path: Path) -> RedisPlugin:
        return plugin(self.server)

    def make_second_plugin(self, tmp_path: Path) -> RedisPlugin:
        return plugin(self.server)


class TestBroadcast(OnValkey, BroadcastContract):
    pass


class TestPresence(OnValkey, PresenceContract):
    pass
