"""One INSERT for many rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

MOST_ROWS = 256
"""Rows in one statement: 2,560 values, and nine texts to prepare."""
FEW_ROWS = 4
"""Up to so many a statement for each is as fast."""


def insert(cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` with as few statements as there are bits in their number.

    A statement per row would take half as long again. And it would give up the interpreter's lock as often:
    the event loop takes it, and the writer has to wait to get it back, row after row.

    OR FAIL, since SQLite would else copy every page that a statement of many rows touches, to undo it.
    """
    if len(rows) <= FEW_ROWS:
        cursor.executemany(sql, rows)
        return
    for part in _parts(rows):
        cursor.execute(_for_many(sql, len(part)), list(chain.from_iterable(part)))


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    start = 0
    while left := len(rows) - start:
        size = min(MOST_ROWS, 1 << (left.bit_length() - 1))
        yield rows[start : start + size]
        start += size


@lru_cache(maxsize=32)
def _for_many(sql: str, count: int) -> str:
    head, _, values = sql.partition(" VALUES ")
    return " VALUES ".join((head.replace("INSERT", "INSERT OR FAIL", 1), ", ".join([values] * count)))
