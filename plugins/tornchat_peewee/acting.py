"""Storing the entries that act on messages: compare and set, within the transaction of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tornchat import Draft, Entry, Mark, More, Refusal, Stored, digest_of
from tornchat_peewee.backend import Backend
from tornchat_peewee.entries import MESSAGE, entry_in
from tornchat_peewee.head import Head
from tornchat_peewee.marking import Marking, summary_of
from tornchat_peewee.standing import Standing
from tornchat_peewee.statements import Statements, message_of, more_columns
from tornchat_peewee.streams import Grown, empty_pieces, grown_of, pieces_of
from tornchat_peewee.threads import ThreadCounts
from tornchat_peewee.words import words_of

Place = tuple[int, int]
"""A room's id and a `seq`."""
_encode = msgspec.json.Encoder().encode


class _Target:
    """A message that drafts act on, in its state after the drafts so far."""

    __slots__ = ("added", "digest", "entry", "grown", "marked", "revised")

    def __init__(self, entry: Entry, digest: str | None, grown: Grown | None = None) -> None:
        """`grown`: how long it is, if it is open; the text of `entry` is then the beginning only."""
        self.entry = entry
        self.digest = digest
        self.grown = grown if entry.is_open else None
        self.added: list[str] = []
        """The pieces that the batch has added."""
        self.marked = False
        self.revised = False


class Acting:
    """Compares the drafts that act on messages with their targets, and collects what to write."""

    def __init__(
        self, backend: Backend, statements: Statements, cursor: Any, markers: Mapping[str, str]
    ) -> None:
        """`markers`: the id of a draft -> whose marks it sets, if not its sender's."""
        self._backend = backend
        self._sql = statements
        self._cursor = cursor
        self._markers = markers
        self._marking = Marking(backend, statements, cursor)
        self._targets: dict[Place, _Target] = {}
        self._heads: dict[int, Head] = {}
        self._rows: list[tuple[Any, ...]] = []
        self.standing = Standing(backend, statements, cursor)
        self._closed: list[Place] = []
        self.threads = ThreadCounts(statements, cursor)
        self.wanted: set[Place] = set()
        """The targets of the batch, some of which the batch itself may store."""

    def read(self, heads: Mapping[str, Head], drafts: Sequence[Draft]) -> None:
        """Read the messages that these drafts act on or refer to."""
        known = {draft.room: heads[draft.room] for draft in drafts if draft.room in heads}
        self.wanted = {
            (known[draft.room].room, seq)
            for draft in drafts
            if draft.room in known
            for seq in _referred(draft)
        }
        stored = {head.room: head.stored for head in known.values()}
        places = sorted((room, seq) for room, seq in self.wanted if 0 < seq <= stored[room])
        for place, row in zip(places, self._each(self._sql.message_at, places), strict=True):
            if row:
                entry = entry_in(row, message_of, MESSAGE)
                self._targets[place] = _Target(entry, row[-1], grown_of(row[-2]))
        self._marking.read(
            self._key(known[draft.room], draft) for draft in drafts if draft.room in known and is_mark(draft)
        )

    def _key(self, head: Head, draft: Draft) -> tuple[int, int, str, str]:
        whose = self._markers.get(draft.draft_id, draft.sender_id)
        return head.room, draft.target or 0, draft.kind, whose

    def _each(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        return self._backend.fetch_each(self._cursor, sql, parameters) if parameters else []

    def appended(self, head: Head, entry: Entry, digest: str | None) -> None:
        """Record a message of this batch, which later drafts may act on."""
        if (head.room, entry.seq) in self.wanted:
            self._targets[head.room, entry.seq] = _Target(entry, digest, Grown.of(entry))

    def unfit(self, head: Head, more: More) -> Refusal | None:
        """Return why a message can't be stored: what it answers, or its thread, is no message or deleted."""
        for seq in (more.reply_to, more.thread):
            if seq is None:
                continue
            found = self._targets.get((head.room, seq))
            if found is None or not found.entry.text:
                return Refusal("not_found", f"There is no message {seq} to reply to, or it was deleted.")
            if seq == more.thread and found.entry.thread is not None:
                reason = f"Message {seq} is in the thread of {found.entry.thread}; a thread has no threads."
                return Refusal("invalid_message", reason)
        return None

    def append(self, head: Head, draft: Draft) -> Entry | Refusal | Stored:
        """Store a draft that acts on a message, or refuse it. Marks that stand already are `repeated`."""
        target = self._targets.get((head.room, draft.target or 0))
        if target is None:
            return Refusal("not_found", "There is no such message.")
        revision = target.entry.revision
        if draft.more is not None:
            if not target.entry.text:
                return Refusal("not_found", "The message was deleted.")
            if draft.more.offset is not None:
                return self._piece(head, draft, draft.more.offset, target)
            if draft.more.status:
                return self._close(head, draft, draft.more, target)
            if target.grown is not None and draft.more.mark is None:
                return Refusal("still_open")
            if draft.more.expects not in (None, revision):
                return Refusal("stale", "", revision)
            if draft.more.mark is not None:
                return self._mark(head, draft, draft.more.mark, target)
            more: More | None = More(revision=revision + 1, meta=draft.meta, data=draft.data)
        else:
            more = None
        target.revised = True
        return self._act(head, draft, target, more)

    def _piece(self, head: Head, draft: Draft, offset: int, target: _Target) -> Entry | Refusal | Stored:
        grown = target.grown
        if grown is None or offset < grown.length:
            return self._piece_again(head, draft, offset, target)
        if offset > grown.length:
            return Refusal("stale", length=grown.length)
        after = grown.after(draft)
        if isinstance(after, Refusal):
            return after
        entry = self._put(head, draft, More(revision=target.entry.revision, offset=offset))
        target.grown = after
        target.added.append(draft.text)
        more = replace(target.entry.more or More(), position=entry.seq)
        target.entry = replace(target.entry, more=more)
        return entry

    def _piece_again(self, head: Head, draft: Draft, offset: int, target: _Target) -> Refusal | Stored:
        """Return the result for a piece that the message may have there already."""
        one = target.entry
        streamed = target.grown is not None or (one.more is not None and one.more.closed > 0)
        if streamed and self._text(head.room, target).startswith(draft.text, offset):
            more = More(revision=one.revision, offset=offset)
            return Stored(_entry(one.position, draft, more), head.epoch, repeated=True)
        if target.grown is None:
            return Refusal("not_open")
        return Refusal("stale", length=target.grown.length)

    def _text(self, room: int, target: _Target) -> str:
        """Return the whole text of a message."""
        one = target.entry
        if target.grown is None:
            return one.text
        return one.text + pieces_of(self._cursor, self._sql, room, one.seq) + "".join(target.added)

    def _close(self, head: Head, draft: Draft, closing: More, target: _Target) -> Entry | Refusal:
        if target.grown is None:
            return Refusal("not_open")
        if closing.expects not in (None, target.grown.length):
            return Refusal("stale", length=target.grown.length)
        text = draft.text or self._text(head.room, target)
        more = More(revision=target.entry.revision, status=closing.status)
        entry = self._put(head, draft, more)
        state = replace(
            target.entry.more or More(), position=entry.seq, status=closing.status, closed=entry.seq
        )
        target.entry = replace(target.entry, text=text, more=state)
        target.grown, target.revised = None, True
        self._closed.append((head.room, target.entry.seq))
        return replace(entry, more=replace(more, whole=target.entry))

    def _mark(self, head: Head, draft: Draft, wanted: Mark, target: _Target) -> Entry | Refusal | Stored:
        key = self._key(head, draft)
        mark = self._marking.compare(key, wanted, target.entry)
        if isinstance(mark, Refusal):
            return mark
        more = More(revision=target.entry.revision, mark=mark)
        if not mark.counts:
            if draft.client_id is not None:
                self.standing.add(head.room, draft, target.entry.position)
            return Stored(_entry(target.entry.position, draft, more), head.epoch, repeated=True)
        target.marked = True
        entry = self._act(head, draft, target, more)
        self._marking.put(key, mark.tokens, entry.seq)
        return entry

    def _act(self, head: Head, draft: Draft, target: _Target, more: More | None) -> Entry:
        before = None
        if more is not None and draft.text and not _is_edited(target.entry):
            before = target.entry.text
        entry = self._put(head, draft, more, before)
        if target.digest is None and before is not None:
            # the text no longer says what was sent
            target.digest = digest_of(target.entry.kind, None, before)
        if entry.empties and target.entry.text and target.entry.thread is not None:
            self.threads.dropped(head.room, target.entry.thread)
        target.entry = target.entry.after(entry)
        if entry.empties:
            target.digest = target.grown = None
        return entry

    def _put(self, head: Head, draft: Draft, more: More | None, before: str | None = None) -> Entry:
        """Add the row of an entry at the next place."""
        head.seq += 1
        head.acts += 1
        self._heads[head.room] = head
        entry = _entry(head.seq, draft, more)
        digest = draft.digest if more is not None else None
        self._rows.append(_row(head.room, head.acts, entry, before, digest))
        return entry

    def write(self) -> None:
        """Write the entries and the new states of their targets. The batch has inserted its messages."""
        if not self._rows:
            return
        self._backend.insert(self._cursor, self._sql.insert_act, self._rows)
        counts = [(head.acts, room) for room, head in self._heads.items()]
        self._cursor.executemany(self._sql.count_acts, counts)
        self._write_targets()

    def _write_targets(self) -> None:
        for place in self._closed:
            empty_pieces(self._backend, self._cursor, self._sql, place)
        grown = [
            (t.entry.position, t.grown.column, *p) for p, t in self._targets.items() if t.added and t.grown
        ]
        if grown:
            self._cursor.executemany(self._sql.set_grown, grown)
        revised = {place: target for place, target in self._targets.items() if target.revised}
        if revised:
            self._cursor.executemany(self._sql.set_message, [_state(t, p) for p, t in revised.items()])
        marked = [(p, t.entry) for p, t in self._targets.items() if t.marked and not t.revised]
        if marked:
            states = [(one.position, summary_of(one), *place) for place, one in marked]
            self._cursor.executemany(self._sql.set_marks, states)
        deleted = {place for place, target in revised.items() if not target.entry.text}
        if deleted:
            emptied_acts = [("", None, None, None, None, *place) for place in deleted]
            self._cursor.executemany(self._sql.empty_acts, emptied_acts)
            self._cursor.executemany(self._sql.drop_reports, list(deleted))
            self._cursor.executemany(self._sql.drop_mentions, list(deleted))
            self.standing.empty(deleted)
        self._marking.write(deleted)
        for (room, seq), target in revised.items():
            self._index(room, seq, target.entry.text)

    def _index(self, room: int, seq: int, text: str) -> None:
        """Replace the words of a message that is in the index."""
        self._backend.index.forget(self._cursor, room, seq, seq + 1)
        if text and seq <= self._indexed(room):
            self._backend.index.add(self._cursor, room, [(seq, words_of(text))])

    def _indexed(self, room: int) -> int:
        [(seq,)] = self._each(self._sql.indexed, [(room,)])
        return int(seq)


def is_mark(draft: Draft) -> bool:
    """Return whether a draft is a user's whole set of tokens on a message."""
    return draft.more is not None and draft.more.mark is not None


def _is_edited(message: Entry) -> bool:
    """Return whether the message has another text than the one that was sent."""
    return message.more is not None and message.more.edited_at > 0


def _entry(seq: int, draft: Draft, more: More | None) -> Entry:
    return Entry(
        seq,
        draft.sender_id,
        draft.sender_username,
        draft.text,
        draft.sent_at,
        draft.draft_id,
        draft.client_id,
        draft.kind,
        draft.target,
        more,
    )


def _state(target: _Target, place: Place) -> tuple[Any, ...]:
    """Return the parameters of `Statements.set_message`."""
    one = target.entry
    edited_at = one.more.edited_at if one.more else 0
    reply_to, _, mentions, meta, data = more_columns(one.more or More())
    said = (reply_to, mentions, meta, summary_of(one), data)
    streamed = (one.more.status or None, one.more.closed or None) if one.more else (None, None)
    state = (one.text, one.revision, edited_at, one.position, *said, *streamed)
    return (*state, target.digest, None, *place)


def _row(room: int, nth: int, act: Entry, before: str | None, digest: str | None) -> tuple[Any, ...]:
    """Return the columns of `Act`."""
    revision = None if act.more is None else act.more.revision
    mark = None if act.mark is None else _encode(act.mark).decode()
    sender = (act.sender_id, act.sender_username)
    identity = (act.sent_at, act.draft_id, act.client_id)
    return (
        room,
        act.seq,
        nth,
        act.target,
        act.kind,
        *sender,
        *identity,
        act.text if not act.closes else "",
        revision,
        before,
        act.data or None,
        digest,
        act.meta or None,
        mark,
        act.offset,
        act.more.status or None if act.more is not None else None,
    )


def _referred(draft: Draft) -> list[int]:
    """Return the messages that a draft acts on or refers to."""
    found = [draft.target]
    if draft.more is not None:
        found += [draft.more.reply_to, draft.more.thread]
    return [seq for seq in found if seq is not None]
