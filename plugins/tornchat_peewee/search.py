"""Search for messages by their words.

The index is updated before a search, in small transactions between the commits, so that storing a message
does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tornchat import Entry, FoundMessage, FoundPlace, SearchTerms
from tornchat_peewee.backend import Backend
from tornchat_peewee.entries import entries_of
from tornchat_peewee.index import Terms
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES, message_fields, message_of
from tornchat_peewee.words import words_of

MOST_INDEXED = 500
"""Maximum number of entries indexed per transaction, which delays messages."""
MOST_TOGETHER = 50
"""Maximum number of rooms indexed per transaction, which locks them."""
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

    def behind(self, session: DatabaseSession, names: Sequence[str]) -> dict[str, int]:
        """Return the newest `seq` of each of these rooms whose index is incomplete. Raises `Unavailable`."""
        room, found = self._room, dict[str, int]()
        incomplete = room.indexed_seq < room.head_seq
        with session.reading() as cursor:
            for part in _parts(names):
                wanted = room.select(room.name, room.head_seq).where(room.name.in_(part) & incomplete)
                found |= {row[0]: row[1] for row in fetched(cursor, wanted)}
        return found

    def extend_some(self, session: DatabaseSession, names: Sequence[str]) -> dict[str, int]:
        """Index some of the next entries of these rooms; return the last indexed `seq` of each that exists.

        Raises `NotStored`.
        """
        room, reached, left = self._room, dict[str, int](), MOST_INDEXED
        with session.writing() as cursor:
            wanted = room.select(room.id, room.name, room.indexed_seq, room.head_seq)
            for one in self._backend.locking(wanted.where(room.name.in_(list(names)))):
                end = self._extend(cursor, one, left) if left else one.indexed_seq
                left -= end - one.indexed_seq
                reached[one.name] = end
        return reached

    def _extend(self, cursor: Any, room: Any, most: int = MOST_INDEXED) -> int:
        end = min(room.head_seq, room.indexed_seq + most)
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

    def find_in(
        self,
        session: DatabaseSession,
        names: Sequence[str],
        terms: SearchTerms,
        after: FoundPlace | None,
        limit: int,
    ) -> list[FoundMessage]:
        """Implements the hook `search_rooms` for indexed entries. Raises `Unavailable`."""
        words = words_of(terms.text)[:MOST_WORDS]
        wanted = Terms(words, terms.prefix, terms.sender_id, terms.before_ms)
        try:
            with session.reading() as cursor:
                rooms = self._ids(cursor, names)
                if not (words and rooms and limit > 0):
                    return []
                places = self._backend.index.find_in(cursor, list(rooms), wanted, after, limit)
                return self._in_order(cursor, rooms, places)
        except self._backend.data_errors:
            return []  # a text that the database can't hold is nobody's

    def _ids(self, cursor: Any, names: Sequence[str]) -> dict[int, str]:
        room, found = self._room, dict[int, str]()
        for part in _parts(names):
            rows = fetched(cursor, room.select(room.id, room.name).where(room.name.in_(part)))
            found |= {row[0]: row[1] for row in rows}
        return found

    def _in_order(
        self, cursor: Any, rooms: Mapping[int, str], places: Sequence[tuple[int, int]]
    ) -> list[FoundMessage]:
        """Read the messages at these places (room and `seq`)."""
        said, found = self._message, dict[tuple[int, int], Entry]()
        for room in dict.fromkeys(room for room, _ in places):
            seqs = [seq for where, seq in places if where == room]
            wanted = said.select(*self._fields).where((said.room == room) & (said.seq.in_(seqs)))
            rows = fetched(cursor, wanted)
            found |= {(room, entry.seq): entry for entry in entries_of(rows, message_of)}
        return [FoundMessage(rooms[place[0]], found[place]) for place in places if place in found]

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


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names in lists that are short enough for one query."""
    for start in range(0, len(names), MOST_NAMES):
        yield list(names[start : start + MOST_NAMES])


def _indexed(rows: Sequence[Sequence[Any]]) -> list[tuple[int, list[str]]]:
    """Return the words of each text, by its place. What is no text has none."""
    return [(seq, words_of(text)) for seq, text in rows if isinstance(text, str)]
