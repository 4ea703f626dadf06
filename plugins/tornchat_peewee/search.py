"""Search for messages by their words.

The index is updated before a search, in small transactions between the commits, so that storing a message
does not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat import Entry
from tornchat_peewee.backend import Backend
from tornchat_peewee.entries import entries_of
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import message_fields, message_of
from tornchat_peewee.words import words_of

MOST_INDEXED = 500
"""Maximum number of entries indexed per transaction, which delays messages."""
MOST_WORDS = 20
"""Maximum number of words in a query; further words are ignored."""


class Search:
    """Search in the logs of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._message = models.room, models.message
        self._fields = message_fields(models)

    def head(self, session: DatabaseSession, name: str) -> int | None:
        """Return the `seq` of the room's newest entry; None if there is no such room.

        Raises `Unavailable`.
        """
        try:
            with session.reading():
                row = self._room.select(self._room.head_seq).where(self._room.name == name).tuples().first()
        except self._backend.data_errors:
            return None
        return None if row is None else int(row[0])

    def extend(self, session: DatabaseSession, name: str) -> int | None:
        """Index the next entries; return the last indexed `seq`, or None if there is no such room.

        Raises `NotStored`.
        """
        room = self._room
        with session.writing() as cursor:
            wanted = room.select(room.id, room.indexed_seq, room.head_seq).where(room.name == name)
            found = list(self._backend.locking(wanted))
            return self._extend(cursor, found[0]) if found else None

    def _extend(self, cursor: Any, room: Any) -> int:
        end = min(room.head_seq, room.indexed_seq + MOST_INDEXED)
        if end > room.indexed_seq:
            said = self._message
            new = (said.room == room.id) & said.seq.between(room.indexed_seq + 1, end)
            closed = said.status.is_null() | (said.status != "open")
            texts = said.select(said.seq, said.text).where(new & (said.text != "") & closed)
            self._backend.index.add(cursor, room.id, _indexed(fetched(cursor, texts)))
            self._room.update(indexed_seq=end).where(self._room.id == room.id).execute()
        return int(end)

    def find(
        self, session: DatabaseSession, name: str, query: str, before: int | None, limit: int
    ) -> list[Entry] | None:
        """Implements the hook `search_messages` for indexed entries. Raises `Unavailable`."""
        room, words = self._room, words_of(query)[:MOST_WORDS]
        try:
            with session.reading() as cursor:
                wanted = room.select(room.id, room.head_seq).where(room.name == name)
                found = wanted.tuples().first()
                if found is None:
                    return None
                room_id, head = found
                return self._find(cursor, room_id, head, words, before, limit)
        except self._backend.data_errors:
            return None

    def _find(
        self, cursor: Any, room: int, head: int, words: list[str], before: int | None, limit: int
    ) -> list[Entry]:
        below = head + 1 if before is None else min(max(before, 0), head + 1)
        limit = min(max(limit, 0), head)
        places = self._backend.index.find(cursor, room, words, below, limit) if words and limit else []
        said = self._message
        rows = said.select(*self._fields).where((said.room == room) & (said.seq.in_(places)))
        found = fetched(cursor, rows.order_by(said.seq.desc())) if places else []
        return list(entries_of(found, message_of))


def _indexed(rows: Sequence[Sequence[Any]]) -> list[tuple[int, list[str]]]:
    """Return the words of each text, by its place. What is no text has none."""
    return [(seq, words_of(text)) for seq, text in rows if isinstance(text, str)]
