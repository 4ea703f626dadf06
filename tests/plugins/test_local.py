"""`local`: broadcast and presence inside one process, by their contracts."""

from __future__ import annotations

from pathlib import Path

from tornchat_local import LocalPlugin

from tornchat.testing import BroadcastContract, PresenceContract


class TestBroadcast(BroadcastContract):
    def make_plugin(self, tmp_path: Path) -> LocalPlugin:
        return LocalPlugin(LocalPlugin.Settings())


class TestPresence(PresenceContract):
    def make_plugin(self, tmp_path: Path) -> LocalPlugin:
        return LocalPlugin(LocalPlugin.Settings())
