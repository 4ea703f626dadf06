"""`peewee` keeps the contract of storage and history, on a SQLite file."""

from __future__ import annotations

from pathlib import Path

from tornchat_peewee import PeeweePlugin

from tornchat.testing import StorageContract


class TestSqlite(StorageContract):
    def make_plugin(self, tmp_path: Path) -> PeeweePlugin:
        return PeeweePlugin(PeeweePlugin.Settings(url=f"sqlite:///{tmp_path / 'chat.db'}"))
