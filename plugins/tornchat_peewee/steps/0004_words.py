"""Indexes all messages again, since marks belong to words now."""  # noqa: N999

from __future__ import annotations

from typing import Any

STATEMENTS = ("DELETE FROM search", "UPDATE room SET indexed_seq = 0")


def up(migrator: Any, database: Any) -> None:
    """Empty the index, which the next searches fill. `migrator` is playhouse's."""
    for statement in STATEMENTS:
        database.execute_sql(statement)
