"""The ids of marks that stored nothing, since their user had the set already.

They have no entry in the log. Without their ids, a repeat that comes after another mark would undo it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tornchat import Draft, Entry, Mark, More
from tornchat_peewee.backend import Backend
from tornchat_peewee.statements import Statements

Key = tuple[int, str, str | None]
"""A room's id, a sender's and a client id, which is not None here."""


class Standing:
    """Reads and collects such marks within one transaction, under the locks of the rooms."""

    def __init__(self, backend: Backend, statements: Statements, cursor: Any) -> None:
        self._backend = backend
        self._sql = statements
        self._cursor = cursor
        self._rows: list[tuple[Any, ...]] = []

    def recall(self, keys: Iterable[Key]) -> dict[Key, tuple[Entry, str | None]]:
        """Return the first answer, and the digest of the request, for those of the keys that are known."""
        wanted = list(dict.fromkeys(keys))
        rows = self._backend.fetch_each(self._cursor, self._sql.stood_before, wanted) if wanted else []
        return {key: stood(key, row) for key, row in zip(wanted, rows, strict=True) if row}

    def add(self, room: int, draft: Draft, position: int) -> None:
        """Record a mark with a client id that stored nothing while its target was at `position`."""
        self._rows.append(
            (room, draft.sender_id, draft.client_id, draft.kind, draft.target, position, draft.digest)
        )

    def write(self) -> None:
        """Write what was added."""
        if self._rows:
            self._backend.insert(self._cursor, self._sql.insert_standing, self._rows)

    def empty(self, deleted: Collection[tuple[int, int]]) -> None:
        """Forget what was asked of the messages `deleted`: any repeat is one."""
        self._cursor.executemany(self._sql.empty_standing, [(None, *place) for place in sorted(deleted)])


def stood(key: Key, row: Sequence[Any]) -> tuple[Entry, str | None]:
    """Return what a mark was answered with, and the digest of the request, of `Statements.stood_before`."""
    kind, target, position, digest = row
    more = More(mark=Mark(), digest=digest or "")
    return Entry(position, key[1], "", "", 0, "", key[2], kind, target, more), digest
