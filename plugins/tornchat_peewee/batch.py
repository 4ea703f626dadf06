"""Storing the drafts of one transaction: assignment of their `seq` and detection of repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import astuple

from tornchat import Draft, Entry, Refusal, Stored, StoreResult
from tornchat_peewee.backend import Backend
from tornchat_peewee.statements import MOST_NAMES, Statements


class _Head:
    """The head of a room's log. `stored` is the `seq` at the start of the transaction."""

    __slots__ = ("epoch", "room", "seq", "stored")

    def __init__(self, room: int, epoch: str, seq: int) -> None:
        self.room = room
        self.epoch = epoch
        self.seq = seq
        self.stored = seq


class Batch:
    """Assigns a `seq` to drafts and writes them, within the caller's transaction."""

    def __init__(self, backend: Backend, statements: Statements, cursor: Any) -> None:
        self._backend = backend
        self._sql = statements
        self._cursor = cursor
        self._heads: dict[str, _Head] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._blanked: list[tuple[str, int, int]] = []
        self._said: dict[tuple[int, str, str | None], Entry] = {}

    def append(self, drafts: Sequence[Draft]) -> list[StoreResult]:
        """Return one result per draft, in order. The results are valid once the transaction commits."""
        self._lock_heads(sorted({draft.room for draft in drafts}))
        self._recall(drafts)
        results = [self._place(draft) for draft in drafts]
        self._write()
        return results

    def _lock_heads(self, names: list[str]) -> None:
        for start in range(0, len(names), MOST_NAMES):
            self._cursor.execute(*self._sql.lock_heads(names[start : start + MOST_NAMES]))
            for name, room, epoch, seq in self._cursor.fetchall():
                self._heads[name] = _Head(room, epoch, seq)

    def _recall(self, drafts: Sequence[Draft]) -> None:
        """Read, in one query, the entries that already exist for the client ids of these drafts."""
        keys = [
            (self._heads[draft.room].room, draft.sender_id, draft.client_id)
            for draft in drafts
            if draft.client_id is not None and draft.room in self._heads
        ]
        if keys:
            rows = self._backend.fetch_each(self._cursor, self._sql.said_before, keys)
            self._said = {key: Entry(*row) for key, row in zip(keys, rows, strict=True) if row}

    def _place(self, draft: Draft) -> StoreResult:
        head = self._heads.get(draft.room)
        if head is None or (draft.epoch and draft.epoch != head.epoch):
            return Refusal("room_gone")
        first = self._said.get((head.room, draft.sender_id, draft.client_id))
        if first is not None:
            return _repeated(first, draft, head.epoch)
        if draft.kind == "deletion":
            return self._delete(head, draft)
        if not draft.text:  # an empty text marks a deleted message
            return Refusal("empty_message")
        return self._append(head, draft)

    def _append(self, head: _Head, draft: Draft) -> Stored:
        head.seq += 1
        entry = Entry(
            head.seq,
            draft.sender_id,
            draft.sender_username,
            draft.text,
            draft.sent_at,
            draft.draft_id,
            draft.client_id,
            draft.kind,
            draft.target,
        )
        self._rows.append((head.room, *astuple(entry)))
        if draft.client_id is not None:
            self._said[head.room, draft.sender_id, draft.client_id] = entry
        return Stored(entry, head.epoch)

    def _delete(self, head: _Head, draft: Draft) -> StoreResult:
        if draft.target is None or not self._is_message(head, draft.target):
            return Refusal("invalid_message", "There is no such message to delete.")
        self._blanked.append(("", head.room, draft.target))
        return self._append(head, draft)

    def _is_message(self, head: _Head, seq: int) -> bool:
        if seq > head.stored:
            return any(row[0] == head.room and row[1] == seq and row[8] == "message" for row in self._rows)
        self._cursor.execute(self._sql.kind_at, (head.room, seq))
        return bool(self._cursor.fetchall() == [("message",)])

    def _write(self) -> None:
        if not self._rows:
            return
        moved = [(head.seq, head.room) for head in self._heads.values() if head.seq != head.stored]
        self._backend.insert(self._cursor, self._sql.insert_entry, self._rows)
        self._cursor.executemany(self._sql.move_head, moved)
        if self._blanked:
            self._cursor.executemany(self._sql.blank_text, self._blanked)
            places = [(room, seq) for _, room, seq in self._blanked]
            self._cursor.executemany(self._sql.drop_reports, places)
            for room, seq in places:
                self._backend.index.forget(self._cursor, room, seq, seq + 1)


def _repeated(first: Entry, draft: Draft, epoch: str) -> StoreResult:
    """Return the result for a draft whose client id is stored already: `first`, or a conflict.

    The text of a deleted message can't be compared, so any text matches it.
    """
    same = first.kind == draft.kind and first.target == draft.target and first.text in ("", draft.text)
    return Stored(first, epoch, repeated=True) if same else Refusal("conflict")
