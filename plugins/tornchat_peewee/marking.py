"""Storing marks: what users have on messages is compared and set, within the transaction of a batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from tornchat import Entry, Mark, Refusal, Tally
from tornchat_peewee.backend import Backend
from tornchat_peewee.statements import SEPARATOR, Statements

Key = tuple[int, int, str, str]
"""Whose marks: a room's id, the `seq` of a message, a kind and a user's id."""
_encode = msgspec.json.Encoder().encode


class Marking:
    """The marks of the drafts of one batch, and what users had before."""

    def __init__(self, backend: Backend, statements: Statements, cursor: Any) -> None:
        self._backend = backend
        self._sql = statements
        self._cursor = cursor
        self._sets: dict[Key, tuple[str, ...]] = {}
        self._changed: dict[Key, int] = {}

    def read(self, keys: Iterable[Key]) -> None:
        """Read what the users have."""
        wanted = sorted(set(keys))
        if wanted:
            parameters = [(SEPARATOR, *key) for key in wanted]
            rows = self._backend.fetch_each(self._cursor, self._sql.marks_of, parameters)
            self._sets = {
                key: tuple(filter(None, (row[0] or "").split(SEPARATOR)))
                for key, row in zip(wanted, rows, strict=True)
            }

    def compare(self, key: Key, wanted: Mark, target: Entry) -> Mark | Refusal:
        """Return the mark with what it changes, or a refusal. `target` is as earlier drafts leave it."""
        have = self._sets.get(key, ())
        added = tuple(token for token in wanted.tokens if token not in have)
        removed = tuple(token for token in have if token not in wanted.tokens)
        tallies = target.marks.get(key[2], {})
        counts = {token: _count(tallies.get(token)) + 1 for token in added}
        counts |= {token: max(0, _count(tallies.get(token)) - 1) for token in removed}
        different = {token for token in tallies if counts.get(token) != 0} | {*added}
        if added and 0 < wanted.most < len(different):
            return Refusal("too_many_marks")
        return Mark(tokens=wanted.tokens, added=added, removed=removed, counts=counts)

    def put(self, key: Key, tokens: tuple[str, ...], position: int) -> None:
        """Note what a user has from `position` on."""
        self._sets[key] = tokens
        self._changed[key] = position

    def write(self, deleted: Collection[tuple[int, int]]) -> None:
        """Write the sets that have changed; the messages `deleted` have no marks any more."""
        if deleted:
            self._cursor.executemany(self._sql.drop_marks, sorted(deleted))
        kept = {key: position for key, position in self._changed.items() if key[:2] not in deleted}
        if kept:
            self._cursor.executemany(self._sql.drop_set, list(kept))
            rows = [(*key, token, at) for key, at in kept.items() for token in self._sets[key]]
            if rows:
                self._backend.insert(self._cursor, self._sql.insert_mark, rows)


def summary_of(message: Entry) -> str | None:
    """Return the column `Message.marks`."""
    return _encode(message.marks).decode() if message.marks else None


def _count(tally: Tally | None) -> int:
    return tally.count if tally is not None else 0
