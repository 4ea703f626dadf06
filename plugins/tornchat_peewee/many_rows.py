"""Multi-row INSERT for SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

MOST_ROWS = 256
"""Maximum rows per statement. Row counts are powers of two, so that there are nine statements to prepare."""
FEW_ROWS = 4
"""Number of rows up to which one statement per row is as fast."""


def insert(cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` with few statements, each for a power of two of rows.

    One statement per row takes 1.5 times as long and releases the GIL for each row, so that the writer
    thread must repeatedly wait for the event loop. The statements use OR FAIL, because SQLite would
    otherwise copy every page that a multi-row statement changes, to be able to undo it.
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
