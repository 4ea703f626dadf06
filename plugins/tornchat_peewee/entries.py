"""Rows of the log as entries. SQLite's columns hold values of any type, so that a row may be none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from tornchat import Entry

Types: TypeAlias = tuple[tuple[type, ...], ...]
_NUMBER, _TEXT = (int, type(None)), (str, type(None))
_SHARED: Types = ((int,), (str,), (str,), (str,), (int,), (str,), _TEXT, (str,))
MESSAGE: Types = (*_SHARED, *[_NUMBER] * 5, *[_TEXT] * 5, _NUMBER)
"""The types of the columns of messages."""
ACT: Types = (*_SHARED, *[_NUMBER] * 2, *[_TEXT] * 3, _NUMBER, _TEXT)
"""The types of the columns of acts."""
ERASED = "(erased)"
"""The sender of entries that can't be shown, as of those of erased users."""

logger = logging.getLogger("tornchat.peewee")


def entries_of(
    rows: Iterable[Sequence[Any]], entry_of: Callable[[Sequence[Any]], Entry], types: Types = MESSAGE
) -> Iterator[Entry]:
    """Yield the entry of each row, which `entry_of` returns for columns of these types.

    A row with a value of a wrong type is shown as a deleted message. It keeps its place, since the log has no
    gaps. One line tells how many there were.
    """
    blanked = []
    for row in rows:
        entry = _entry(row, entry_of, types)
        if entry is None:
            blanked.append(row[0])
        yield entry or _blank(row)
    if blanked:
        logger.error(
            "The database has %d entries with values of a wrong type, the first one at %d; they are shown as "
            "deleted messages. Restore a backup, or correct the rows.",
            len(blanked),
            blanked[0],
        )


def entry_in(row: Sequence[Any], entry_of: Callable[[Sequence[Any]], Entry], types: Types) -> Entry:
    """Return the entry of a row, or a deleted message, as `entries_of`."""
    return _entry(row, entry_of, types) or _blank(row)


def _blank(row: Sequence[Any]) -> Entry:
    return Entry(row[0], ERASED, "erased", "", 0, f"unreadable-{row[0]}")


def _entry(row: Sequence[Any], entry_of: Callable[[Sequence[Any]], Entry], types: Types) -> Entry | None:
    """Return the entry; None if a value has a wrong type, or is no JSON of what it should be."""
    if not all(map(_fits, row, types)):
        return None
    try:
        return entry_of(row)
    except (msgspec.DecodeError, TypeError, UnicodeError):
        return None


def _fits(value: object, kinds: tuple[type, ...]) -> bool:
    return type(value) in kinds
