"""The index of words: which messages hold them. FTS5 in SQLite, full text with GIN in PostgreSQL."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from typing import Any

PLACES = 1 << 40
"""Places of one room in SQLite's row ids, which are room and place in one: a page is one range of them."""


class Index(abc.ABC):
    """One kind of database's. Methods run in their caller's transaction; words are as `words_of` makes."""

    @abc.abstractmethod
    def add(self, cursor: Any, room: int, texts: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Enter messages of a room: place and words of each."""

    @abc.abstractmethod
    def find(self, cursor: Any, room: int, words: Sequence[str], below: int, limit: int) -> list[int]:
        """Give the places before `below` of messages that hold all these words, newest first."""

    @abc.abstractmethod
    def forget(self, cursor: Any, room: int, start: int, end: int) -> None:
        """Leave out the messages from `start` up to before `end`. Unknown ones are fine."""


class SqliteIndex(Index):
    """A table of FTS5. Its tokenizer only finds the spaces again."""

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

    def forget(self, cursor: Any, room: int, start: int, end: int) -> None:
        bounds = (room * PLACES + start, room * PLACES + end)
        cursor.execute("DELETE FROM search WHERE rowid >= ? AND rowid < ?", bounds)


class PostgresIndex(Index):
    """A table of its own beside the log: what is said does not wait for it to be indexed."""

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

    def forget(self, cursor: Any, room: int, start: int, end: int) -> None:
        bounds = (room, start, end)
        cursor.execute("DELETE FROM search WHERE room_id = %s AND seq >= %s AND seq < %s", bounds)
