"""What pruning must leave: entries that a consumer has not taken yet."""

from __future__ import annotations

from typing import Any

from peewee import JOIN, fn

from tornchat_peewee.cursors import cursor_models_of


class Untaken:
    """Entries behind the cursors. A consumer that no node has served for long is not waited for."""

    def __init__(self, database: Any, room: Any) -> None:
        self._room = room
        self._consumer, self._cursor = cursor_models_of(database, room)

    def in_room(self, since: float) -> Any:
        """Return the condition that a consumer served `since` (Unix seconds) lacks a room's first entry."""
        consumer, cursor = self._consumer, self._cursor
        mine = (cursor.consumer == consumer.name) & (cursor.room == self._room.id)
        rows = consumer.select(consumer.name).join(cursor, JOIN.LEFT_OUTER, on=mine)
        lacks = fn.COALESCE(cursor.seq, 0) < self._room.first_seq
        its_own = consumer.every_room | cursor.seq.is_null(False)
        return fn.EXISTS(rows.where((consumer.until >= since) & its_own & lacks))

    def first(self, room: int, since: float) -> int | None:
        """Return the least `seq` that a consumer served `since` has not taken; None without consumers."""
        consumer, cursor = self._consumer, self._cursor
        mine = (cursor.consumer == consumer.name) & (cursor.room == room)
        least = consumer.select(fn.MIN(fn.COALESCE(cursor.seq, 0))).join(cursor, JOIN.LEFT_OUTER, on=mine)
        its_own = consumer.every_room | cursor.seq.is_null(False)
        [(seq,)] = least.where((consumer.until >= since) & its_own).tuples()
        return None if seq is None else int(seq) + 1
