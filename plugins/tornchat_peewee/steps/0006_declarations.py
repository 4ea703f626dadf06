"""Adds to the table of steps what each step declares, for versions that do not know the step."""  # noqa: N999

from __future__ import annotations

from typing import Any

ADDITIVE = True
STATEMENTS = (
    "ALTER TABLE schema_step ADD COLUMN additive BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE schema_step ADD COLUMN minimum TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE schema_step ADD COLUMN way_back TEXT NOT NULL DEFAULT ''",
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns. `migrator` is playhouse's."""
    for statement in STATEMENTS:
        database.execute_sql(statement)
