"""Adds the `data` of messages of the kinds that plugins bring. Acts have the column already."""  # noqa: N999

from __future__ import annotations

from typing import Any

ADDITIVE = True


def up(migrator: Any, database: Any) -> None:
    """Add the column. `migrator` is playhouse's."""
    database.execute_sql("ALTER TABLE message ADD COLUMN data TEXT")
