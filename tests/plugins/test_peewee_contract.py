"""`peewee` keeps the contract of storage and history, on a SQLite file, by two drivers, and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin

from tests.plugins.peeweekit import plugin
from tests.postgres import PostgresServer
from tornchat.testing import (
    AuditContract,
    BlocksContract,
    ConsumerContract,
    DescriptionsContract,
    DirectoryContract,
    DirectRoomsContract,
    InvitesContract,
    MarkersContract,
    ModerationContract,
    ReportsContract,
    SearchContract,
    SearchEverywhereContract,
    SlowModeContract,
    StorageContract,
    UsersContract,
)


class Contracts(
    StorageContract,
    DirectoryContract,
    ModerationContract,
    SearchContract,
    SearchEverywhereContract,
    UsersContract,
    AuditContract,
    BlocksContract,
    ReportsContract,
    SlowModeContract,
    DescriptionsContract,
    InvitesContract,
    DirectRoomsContract,
    ConsumerContract,
    MarkersContract,
):
    """All that the plugin fills."""

    roles = ("storage", "history", "directory", "moderation", "search", "users", "audit")
    roles += ("blocks", "reports", "slow mode", "descriptions", "invites", "direct rooms", "cursors")
    roles += ("markers", "search everywhere")
    many_rooms = 1000  # ConsumerContract's 10,000 would take half a minute


class TestSqlite(Contracts):
    def make_plugin(self, tmp_path: Path) -> PeeweePlugin:
        return plugin(f"sqlite:///{tmp_path / 'chat.db'}")


class TestApsw(Contracts):
    def make_plugin(self, tmp_path: Path) -> PeeweePlugin:
        return plugin(f"apsw:///{tmp_path / 'chat.db'}")


class TestPostgres(Contracts):
    @pytest.fixture(autouse=True)
    def _new_database(self, postgres: PostgresServer) -> None:
        self.url = postgres.new_place()

    def make_plugin(self, tmp_path: Path) -> PeeweePlugin:
        return plugin(self.url)

    make_second_plugin = make_plugin
