"""Adds streamed messages: how far a message is, and where each piece of it begins."""  # noqa: N999

from __future__ import annotations

from typing import Any

ADDITIVE = True
STATEMENTS = (
    "ALTER TABLE message ADD COLUMN status TEXT",
    "ALTER TABLE message ADD COLUMN closed BIGINT",
    "ALTER TABLE message ADD COLUMN grown TEXT",
    "ALTER TABLE act ADD COLUMN start BIGINT",
    "ALTER TABLE act ADD COLUMN status TEXT",
    "CREATE INDEX message_open ON message (room_id, seq) WHERE status = 'open'",
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns and the index. `migrator` is playhouse's."""
    for statement in STATEMENTS:
        database.execute_sql(statement)
