"""The word index for search: FTS5 in SQLite, `tsvector` with a GIN index in PostgreSQL."""

from __future__ import annotations

import abc
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tornchat import FoundPlace

PLACES = 1 << 40
"""Row ids reserved per room in SQLite: a row id is `room * PLACES + seq`, so that a room is one range."""

PAGES_MERGED = 250
"""Pages of SQLite's index that are merged per transaction, which delays messages."""
MOST_NUMBER = 2**31 - 1
"""The largest number that SQLite keeps in the file's header."""
CHANGES = 2
"""A merge that changes fewer rows of FTS5's tables has found nothing to do."""


class Terms(NamedTuple):
    """What messages must have: all words, which may be beginnings of words, a sender, and an earlier time."""

    words: Sequence[str]
    prefix: bool
    sender_id: str | None
    before_ms: int | None


class Index(abc.ABC):
    """The index of one kind of database. Methods run in the caller's transaction.

    Words must come from `words_of`, which guarantees that they contain no special characters.
    """

    purges = False
    """Whether `forget` leaves words in the files, which `purge` removes."""

    @abc.abstractmethod
    def add(self, cursor: Any, room: int, texts: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Add messages of a room, given as pairs of `seq` and words."""

    @abc.abstractmethod
    def find(self, cursor: Any, room: int, words: Sequence[str], below: int, limit: int) -> list[int]:
        """Return the `seq` of at most `limit` messages before `below` with all words, newest first."""

    @abc.abstractmethod
    def find_in(
        self, cursor: Any, rooms: Sequence[int], terms: Terms, after: FoundPlace | None, limit: int
    ) -> list[tuple[int, int]]:
        """Return the room and the `seq` of at most `limit` messages, in the order of `search_rooms`."""

    @abc.abstractmethod
    def forget(self, cursor: Any, room: int, start: int, end: int) -> None:
        """Remove the messages with `start` <= `seq` < `end`. Messages not in the index are ignored."""

    @abc.abstractmethod
    def unpurged(self, cursor: Any) -> int:
        """Return a number that changes with each `forget` that left words in the files; 0: none are left."""

    @abc.abstractmethod
    def purged(self, cursor: Any, number: int) -> None:
        """Note that a whole pass of `purge` began when `unpurged` was `number`, and has ended."""

    @abc.abstractmethod
    def purge(self, cursor: Any, first: bool) -> bool:
        """Remove some of what `forget` leaves in the files; return whether there may be more.

        `first` begins a new pass over the whole index.
        """


class SqliteIndex(Index):
    """An FTS5 table. Words are joined by spaces, at which its tokenizer splits them again."""

    purges = True

    def add(self, cursor: Any, room: int, texts: Iterable[tuple[int, Sequence[str]]]) -> None:
        rows = [(room * PLACES + seq, " ".join(words)) for seq, words in texts]
        cursor.executemany("INSERT INTO search (rowid, words) VALUES (?, ?)", rows)

    def find(self, cursor: Any, room: int, words: Sequence[str], below: int, limit: int) -> list[int]:
        cursor.execute(
            "SELECT rowid FROM search WHERE search MATCH ? AND rowid > ? AND rowid < ? "
            "ORDER BY rowid DESC LIMIT ?",
            (" AND ".join(f'"{word}"' for word in words), room * PLACES, room * PLACES + below, limit),
        )
        return [row - room * PLACES for (row,) in cursor.fetchall()]

    def find_in(
        self, cursor: Any, rooms: Sequence[int], terms: Terms, after: FoundPlace | None, limit: int
    ) -> list[tuple[int, int]]:
        star = " *" if terms.prefix else ""
        query = " AND ".join(f'"{word}"{star}' for word in terms.words)
        bounds, values = _bounds(terms, after, "room.name", "?")
        sql = (
            "SELECT message.room_id, message.seq FROM search "  # noqa: S608 (constants)
            f"JOIN message ON message.room_id = search.rowid / {PLACES} "
            f"AND message.seq = search.rowid % {PLACES} "
            "JOIN room ON room.id = message.room_id "
            f"WHERE search MATCH ? AND search.rowid / {PLACES} IN (SELECT value FROM json_each(?)) {bounds} "
            "ORDER BY message.sent_at DESC, room.name DESC, message.seq DESC LIMIT ?"
        )
        cursor.execute(sql, (query, json.dumps(list(rooms)), *values, limit))
        return [(room, seq) for room, seq in cursor.fetchall()]

    def forget(self, cursor: Any, room: int, start: int, end: int) -> None:
        bounds, before = (room * PLACES + start, room * PLACES + end), _changes(cursor)
        cursor.execute("DELETE FROM search WHERE rowid >= ? AND rowid < ?", bounds)
        if _changes(cursor) != before:
            # SQLite keeps this number for applications, in the file's header: it outlives a restart.
            self._set_number(cursor, self.unpurged(cursor) % MOST_NUMBER + 1)

    def unpurged(self, cursor: Any) -> int:
        return int(cursor.execute("PRAGMA user_version").fetchone()[0])

    def purged(self, cursor: Any, number: int) -> None:
        if self.unpurged(cursor) == number:
            self._set_number(cursor, 0)

    @staticmethod
    def _set_number(cursor: Any, number: int) -> None:
        cursor.execute(f"PRAGMA user_version = {number:d}")

    def purge(self, cursor: Any, first: bool) -> bool:
        """Merge a part of the index. FTS5 marks words as deleted, and drops them in a merge."""
        before = _changes(cursor)
        pages = -PAGES_MERGED if first else PAGES_MERGED  # negative: the whole index, also where it is merged
        cursor.execute("INSERT INTO search (search, rank) VALUES ('merge', ?)", (pages,))
        return _changes(cursor) - before >= CHANGES


class PostgresIndex(Index):
    """A table separate from the log, so that indexing does not delay storing messages."""

    def add(self, cursor: Any, room: int, texts: Iterable[tuple[int, Sequence[str]]]) -> None:
        rows = [(room, seq, list(words)) for seq, words in texts]
        cursor.executemany(
            "INSERT INTO search (room_id, seq, words) VALUES (%s, %s, array_to_tsvector(%s::text[]))", rows
        )

    def find(self, cursor: Any, room: int, words: Sequence[str], below: int, limit: int) -> list[int]:
        cursor.execute(
            "SELECT seq FROM search WHERE room_id = %s AND seq < %s AND words @@ %s::tsquery "
            "ORDER BY seq DESC LIMIT %s",
            (room, below, " & ".join(f"'{word}'" for word in words), limit),
        )
        return [seq for (seq,) in cursor.fetchall()]

    def find_in(
        self, cursor: Any, rooms: Sequence[int], terms: Terms, after: FoundPlace | None, limit: int
    ) -> list[tuple[int, int]]:
        star = ":*" if terms.prefix else ""
        query = " & ".join(f"'{word}'{star}" for word in terms.words)
        bounds, values = _bounds(terms, after, 'room.name COLLATE "C"', "%s")
        sql = (
            "SELECT message.room_id, message.seq FROM search "  # noqa: S608 (constants)
            "JOIN message ON message.room_id = search.room_id AND message.seq = search.seq "
            "JOIN room ON room.id = message.room_id "
            f"WHERE search.words @@ %s::tsquery AND search.room_id = ANY(%s) {bounds} "
            'ORDER BY message.sent_at DESC, room.name COLLATE "C" DESC, message.seq DESC LIMIT %s'
        )
        cursor.execute(sql, (query, list(rooms), *values, limit))
        return [(room, seq) for room, seq in cursor.fetchall()]

    def forget(self, cursor: Any, room: int, start: int, end: int) -> None:
        bounds = (room, start, end)
        cursor.execute("DELETE FROM search WHERE room_id = %s AND seq >= %s AND seq < %s", bounds)

    def unpurged(self, cursor: Any) -> int:
        return 0

    def purged(self, cursor: Any, number: int) -> None:
        """Do nothing."""

    def purge(self, cursor: Any, first: bool) -> bool:
        return False  # the server's vacuum removes dead rows later


def _bounds(terms: Terms, after: FoundPlace | None, name: str, mark: str) -> tuple[str, list[object]]:
    """Return the conditions beyond the words, and their values."""
    sql, values = "", list[object]()
    if terms.sender_id is not None:
        sql += f" AND message.sender_id = {mark}"
        values.append(terms.sender_id)
    if terms.before_ms is not None:
        sql += f" AND message.sent_at < {mark}"
        values.append(terms.before_ms)
    if after is not None:
        sql += f" AND (message.sent_at, {name}, message.seq) < ({mark}, {mark}, {mark})"
        values += [after.sent_at, after.room, after.seq]
    return sql, values


def _changes(cursor: Any) -> int:
    """Return the number of changes that the connection has made."""
    return int(cursor.execute("SELECT total_changes()").fetchone()[0])
