"""Rows as the values they stand for. SQLite's columns hold values of any type, so that a row may be none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")
STRANGE = (msgspec.MsgspecError, TypeError, ValueError)
"""What is raised for values of a wrong type; text that is not Unicode is a `ValueError`, too."""

logger = logging.getLogger("tornchat.peewee")


def fetched(cursor: Any, query: Any) -> list[Sequence[Any]]:
    """Execute a query of Peewee and return the rows with the values as they are.

    Peewee itself converts them, and fails with the whole query if it can't convert one of them.
    """
    cursor.execute(*query.sql())
    rows: list[Sequence[Any]] = cursor.fetchall()
    return rows


def sound(
    table: str, rows: Iterable[Sequence[Any]], value_of: Callable[[Sequence[Any]], Value]
) -> list[Value]:
    """Return the value of each row. Rows that have none are left out; one line tells how many there were."""
    found, strange = [], 0
    for row in rows:
        try:
            found.append(value_of(row))
        except STRANGE:
            strange += 1
    if strange:
        tell(table, strange)
    return found


def tell(table: str, strange: int) -> None:
    """Log that `strange` rows of a table have values of a wrong type."""
    logger.error(
        "The table %s has %d rows with values of a wrong type; they are ignored, and sanctions hold. "
        "Restore a backup, or correct the rows.",
        *(table, strange),
    )


def made(shape: type[Value], names: Sequence[str], row: Sequence[Any]) -> Value:
    """Return the struct `shape` whose fields `names` are the values of a row. Raises `ValidationError`."""
    return msgspec.convert(dict(zip(names, row, strict=True)), shape)


def text(value: Any) -> str:
    """Return a value that is text. Raises `TypeError` for any other."""
    if not isinstance(value, str):
        raise TypeError("this is no text")
    return value


def number(value: Any) -> int:
    """Return a value that is an integer. Raises `TypeError` for any other."""
    if not isinstance(value, int):
        raise TypeError("this is no integer")
    return value
