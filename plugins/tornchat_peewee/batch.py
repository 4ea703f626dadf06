"""Storing the drafts of one transaction: assignment of their `seq` and detection of repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from msgspec.structs import astuple, replace

from tornchat import Draft, Entry, More, Refusal, Stored, StoreResult, digest_of
from tornchat_peewee.acting import Acting, is_mark
from tornchat_peewee.backend import Backend
from tornchat_peewee.entries import ACT, MESSAGE, Types, entry_in
from tornchat_peewee.head import Head
from tornchat_peewee.inbox import Mentioned, mentioned
from tornchat_peewee.statements import (
    MOST_LOOKED_THROUGH,
    MOST_NAMES,
    Statements,
    act_of,
    message_of,
    more_columns,
)
from tornchat_peewee.streams import Grown

NO_COLUMNS = more_columns(More())
Key = tuple[int, str, str | None]
"""A room's id, and a client id with its sender."""


class Batch:
    """Assigns a `seq` to drafts and writes them, within the caller's transaction."""

    def __init__(
        self,
        backend: Backend,
        statements: Statements,
        cursor: Any,
        markers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`markers`: the id of a draft -> whose marks it sets, if not its sender's."""
        self._backend = backend
        self._sql = statements
        self._cursor = cursor
        self._heads: dict[str, Head] = {}
        self._plain: list[tuple[Any, ...]] = []
        self._digested: list[tuple[Any, ...]] = []
        self._with_more: list[tuple[Any, ...]] = []
        self._mentions: list[Mentioned] = []
        self._streamed: list[tuple[Any, ...]] = []
        self._markers = markers
        self._refers = False
        self._spaced: dict[tuple[int, str], int] = {}
        """Room and sender -> when the sender's last message of this transaction was sent, in slow mode."""
        self._said: dict[Key, tuple[Entry, str | None]] = {}

    def append(self, drafts: Sequence[Draft]) -> list[StoreResult]:
        """Return one result per draft, in order. The results are valid once the transaction commits."""
        self._lock_heads(sorted({draft.room for draft in drafts}))
        self._recall(drafts, self._sql.said_before, message_of, MESSAGE)
        if any(head.acts for head in self._heads.values()):
            self._recall(
                [one for one in drafts if self._has_acts(one.room)], self._sql.done_before, act_of, ACT
            )
        if others := [draft for draft in drafts if draft.target is not None or draft.more is not None]:
            self._refers = True
            self._recall_marks(others)
            self._acting.read(self._heads, others)
        results = [self._place(draft) for draft in drafts]
        self._write()
        return results

    @cached_property
    def _acting(self) -> Acting:
        """For drafts that act on messages or refer to them, which few batches have (`_refers`)."""
        return Acting(self._backend, self._sql, self._cursor, self._markers)

    def _lock_heads(self, names: list[str]) -> None:
        for start in range(0, len(names), MOST_NAMES):
            self._cursor.execute(*self._sql.lock_heads(names[start : start + MOST_NAMES]))
            for name, room, epoch, seq, acts in self._cursor.fetchall():
                if type(seq) is type(acts) is int and type(epoch) is str:  # else it has no log any more
                    self._heads[name] = Head(room, epoch, seq, acts)

    def _has_acts(self, room: str) -> bool:
        head = self._heads.get(room)
        return head is not None and head.acts > 0

    def _recall(self, drafts: Sequence[Draft], sql: str, entry_of: Any, types: Types) -> None:
        """Read, in one query, the entries that already exist for the client ids of these drafts."""
        keys = [
            (self._heads[draft.room].room, draft.sender_id, draft.client_id)
            for draft in drafts
            if draft.client_id is not None and draft.room in self._heads
        ]
        if keys:
            rows = self._backend.fetch_each(self._cursor, sql, keys)
            found = [(key, row) for key, row in zip(keys, rows, strict=True) if row]
            self._said |= {key: (entry_in(row, entry_of, types), row[-1]) for key, row in found}

    def _recall_marks(self, drafts: Sequence[Draft]) -> None:
        marks = [
            (self._heads[draft.room].room, draft.sender_id, draft.client_id)
            for draft in drafts
            if draft.client_id is not None and is_mark(draft) and draft.room in self._heads
        ]
        if marks:
            self._said |= self._acting.standing.recall(marks)

    def _place(self, draft: Draft) -> StoreResult:
        head = self._heads.get(draft.room)
        if head is None or (draft.epoch and draft.epoch != head.epoch):
            return Refusal("room_gone")
        known = self._said.get((head.room, draft.sender_id, draft.client_id))
        if known is not None:
            return _repeated(*known, draft, head.epoch)
        if draft.target is None and not draft.text:  # an empty text marks a deleted message
            return Refusal("empty_message")
        result = self._append(head, draft) if draft.target is None else self._acting.append(head, draft)
        entry = result.entry if isinstance(result, Stored) else result
        if not isinstance(entry, Entry):
            return entry
        if draft.client_id is not None:
            kept = draft.digest if draft.more is not None else None
            self._said[head.room, draft.sender_id, draft.client_id] = (entry, kept)
        return result if isinstance(result, Stored) else Stored(entry, head.epoch)

    def _append(self, head: Head, draft: Draft) -> Entry | Refusal:
        if draft.spaced_ms and (refusal := self._early(head, draft)) is not None:
            return refusal
        if draft.more is not None and (refusal := self._acting.unfit(head, draft.more)) is not None:
            return refusal
        head.seq += 1
        fields = (
            head.seq,
            draft.sender_id,
            draft.sender_username,
            draft.text,
            draft.sent_at,
            draft.draft_id,
            draft.client_id,
            draft.kind,
        )
        entry, digest = Entry(*fields), None
        if draft.more is None:
            self._plain.append((head.room, *fields))
        else:
            digest = draft.digest
            entry = self._append_more(head, entry, draft.more, digest)
        if self._refers:
            self._acting.appended(head, entry, digest)
        return entry

    def _early(self, head: Head, draft: Draft) -> Refusal | None:
        """Return the refusal of a message that comes too soon after another one of its sender."""
        since = draft.sent_at - draft.spaced_ms
        key = (head.room, draft.sender_id)
        self._cursor.execute(self._sql.said_since, (*key, since, head.stored - MOST_LOOKED_THROUGH, 1))
        (last,) = self._cursor.fetchone() or (since,)
        last = max(last if isinstance(last, int) else since, self._spaced.get(key, since))
        if last > since:
            wait = min(last - since, draft.spaced_ms)  # clocks of nodes differ
            return Refusal("slow_mode", retry_after=wait / 1000)
        self._spaced[key] = draft.sent_at
        return None

    def _append_more(self, head: Head, entry: Entry, more: More, digest: str) -> Entry:
        """Add the row of a message that is known by its digest; return its entry with what it says more."""
        fields = (head.room, *astuple(entry)[:8])
        columns = more_columns(more)
        if more.status:
            grown = Grown.of(entry).column if more.status == "open" else None
            self._streamed.append((*fields, *columns, more.status, digest, grown))
        elif columns == NO_COLUMNS:
            self._digested.append((*fields, digest))
            return entry
        else:
            self._with_more.append((*fields, *columns, digest))
        self._mentions += mentioned(head.room, entry.seq, entry.sender_id, more)
        if more.thread is not None:
            self._acting.threads.added(head.room, more.thread, entry.seq)
        return replace(entry, more=replace(more, expects=None, digest=""))

    def _write(self) -> None:
        if self._refers:
            self._acting.standing.write()
        moved = [(head.seq, head.room) for head in self._heads.values() if head.seq != head.stored]
        if not moved:
            return
        if self._plain:
            self._backend.insert(self._cursor, self._sql.insert_plain, self._plain)
        if self._digested:
            self._backend.insert(self._cursor, self._sql.insert_message, self._digested)
        if self._with_more:
            self._backend.insert(self._cursor, self._sql.insert_with_more, self._with_more)
        if self._streamed:
            self._backend.insert(self._cursor, self._sql.insert_streamed, self._streamed)
        if self._mentions:
            self._backend.insert(self._cursor, self._sql.insert_mention, self._mentions)
        self._cursor.executemany(self._sql.move_head, moved)
        if self._refers:
            self._acting.write()
            self._acting.threads.write()


def _repeated(first: Entry, digest: str | None, draft: Draft, epoch: str) -> StoreResult:
    """Return the result for a draft whose client id is stored already: `first`, or a conflict.

    The digest of a deleted message or of what acted on it is gone, so that any text matches.
    """
    same = first.kind == draft.kind and first.target == draft.target
    if same and digest is not None:
        same = digest == draft.digest
    elif same and draft.more is not None and first.text:
        same = digest_of(first.kind, first.target, first.text) == draft.digest
    elif same:
        same = first.text in ("", draft.text)
    return Stored(first, epoch, repeated=True) if same else Refusal("conflict")
