"""Adds the titles and topics of rooms."""  # noqa: N999

from __future__ import annotations

from typing import Any

ADDITIVE = True
COLUMNS = (
    "ALTER TABLE room ADD COLUMN title TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE room ADD COLUMN topic TEXT NOT NULL DEFAULT ''",
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns. `migrator` is playhouse's."""
    for statement in COLUMNS:
        database.execute_sql(statement)
