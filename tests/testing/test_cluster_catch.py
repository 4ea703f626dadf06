"""The contracts of broadcast and presence catch wrong plugins for several nodes, and let a right one pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.testing import wrong_cluster
from tests.testing.cluster import MemoryCluster, Server
from tornchat.testing import BroadcastContract, BrokenPromise, PresenceContract


class Nodes:
    """Two nodes that share a server in memory."""

    def __init__(self, plugin: type[MemoryCluster]) -> None:
        self.plugin = plugin
        self.server = Server()

    def make_plugin(self, tmp_path: Path) -> MemoryCluster:
        return self.plugin(self.server)

    def make_second_plugin(self, tmp_path: Path) -> MemoryCluster:
        return self.plugin(self.server)

    async def lose_bus(self, plugin: MemoryCluster) -> bool:
        await plugin.lose()
        return True


class Broadcast(Nodes, BroadcastContract):
    pass


class Presence(Nodes, PresenceContract):
    lease_seconds = 0.5


WRONG = (
    (Broadcast, wrong_cluster.NeverMisses, "test_a_loss_is_told"),
    (Broadcast, wrong_cluster.StaysDeaf, "test_a_loss_is_told"),
    (Presence, wrong_cluster.HasNoLease, "test_users_of_a_dead_node_leave"),
    (Presence, wrong_cluster.ForgetsOthersSessions, "test_users_of_a_dead_node_leave"),
    (Presence, wrong_cluster.EndsTheDeadInOneVersion, "test_users_of_a_dead_node_leave"),
    (Presence, wrong_cluster.HasNoGrace, "test_a_break_makes_nobody_leave"),
    (Presence, wrong_cluster.NeverMisses, "test_a_break_makes_nobody_leave"),
    (Presence, wrong_cluster.LooksThenWrites, "test_at_once_on_two_nodes"),
    (Presence, wrong_cluster.LooksThenLeaves, "test_at_once_on_two_nodes"),
)


@pytest.mark.parametrize("kit", [Broadcast, Presence])
def test_a_right_plugin_passes_and_nothing_is_skipped(kit: type, tmp_path: Path) -> None:
    contract = kit(MemoryCluster)
    for name in (name for name in dir(contract) if name.startswith("test_")):
        getattr(contract, name)(tmp_path)


@pytest.mark.parametrize(("kit", "plugin", "test"), WRONG)
def test_a_wrong_plugin_is_caught(
    kit: type, plugin: type, test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.testing.fixtures.PATIENCE", 0.1)  # what never comes need not be waited for
    contract = kit(plugin)
    with pytest.raises(BrokenPromise) as broken:
        getattr(contract, test)(tmp_path)
    assert str(broken.value).splitlines()[0] == f"Broken promise: {getattr(contract, test).__doc__}"
