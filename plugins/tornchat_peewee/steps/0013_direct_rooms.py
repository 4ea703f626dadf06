"""Adds direct rooms: the one room of some users, found by a digest of their ids."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True


def up(migrator: Any, database: Any) -> None:
    """Add the columns and the index. `migrator` is playhouse's."""
    false = "0" if isinstance(database, peewee.SqliteDatabase) else "FALSE"
    for statement in (
        f"ALTER TABLE room ADD COLUMN direct BOOLEAN NOT NULL DEFAULT {false}",
        "ALTER TABLE room ADD COLUMN direct_key TEXT",
        "CREATE UNIQUE INDEX room_direct_key ON room (direct_key)",
    ):
        database.execute_sql(statement)
