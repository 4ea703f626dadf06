"""Adds to the table of steps what each step declares, for versions that do not know the step."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True
COLUMNS = (
    ("additive", "BOOLEAN NOT NULL DEFAULT FALSE"),
    ("minimum", "TEXT NOT NULL DEFAULT ''"),
    ("way_back", "TEXT NOT NULL DEFAULT ''"),
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns. `migrator` is playhouse's.

    They may exist, since going back to a version without declarations removes the row of this step only.
    """
    sqlite = isinstance(database, peewee.SqliteDatabase)
    there = _columns(database) if sqlite else set()
    add = "ALTER TABLE schema_step ADD COLUMN" + ("" if sqlite else " IF NOT EXISTS")
    for name, kind in COLUMNS:
        if name not in there:
            database.execute_sql(f"{add} {name} {kind}")


def _columns(database: Any) -> set[str]:
    return {column.name for column in database.get_columns("schema_step")}
