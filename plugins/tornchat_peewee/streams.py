"""Streamed messages: an open message is the text of its row and the pieces in later entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tornchat import MOST_APPENDS, MOST_OPEN_BYTES, Draft, Entry, More, OpenMessage, Refusal
from tornchat_peewee.backend import Backend
from tornchat_peewee.entries import MESSAGE, entry_in
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import Statements, message_of

MOST_OPEN = 10_000
"""Open messages that one call looks at."""


class Grown(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How long an open message is: code points, bytes, pieces, and when it last grew (Unix milliseconds)."""

    length: int
    size: int
    pieces: int
    at: int

    @classmethod
    def of(cls, message: Entry) -> Grown:
        """Return it for a message without pieces."""
        return cls(len(message.text), len(message.text.encode()), 0, message.sent_at)

    def after(self, draft: Draft) -> Grown | Refusal:
        """Return it after another piece."""
        size = self.size + len(draft.text.encode())
        if size > MOST_OPEN_BYTES or self.pieces >= MOST_APPENDS:
            reason = f"A streamed message has at most {MOST_OPEN_BYTES} bytes and {MOST_APPENDS} appends."
            return Refusal("message_too_long", f"{reason} Close it and begin another one.")
        return Grown(self.length + len(draft.text), size, self.pieces + 1, draft.sent_at)

    @property
    def column(self) -> str:
        """The column `Message.grown`."""
        return msgspec.json.encode(self).decode()


_decode = msgspec.json.Decoder(Grown).decode


def grown_of(column: object) -> Grown | None:
    """Return what the column says; None if the message is not open, or another program has written there."""
    try:
        return _decode(column) if isinstance(column, str) else None
    except (msgspec.DecodeError, UnicodeError):
        return None


def pieces_of(cursor: Any, statements: Statements, room: int, target: int) -> str:
    """Return what was added to an open message of a room."""
    cursor.execute(statements.pieces, (room, target))
    return "".join(text for (text,) in cursor.fetchall() if isinstance(text, str))


def empty_pieces(backend: Backend, cursor: Any, statements: Statements, place: tuple[int, int]) -> None:
    """Take texts, client ids and digests from the pieces of a message; `place`: a room's id, and a `seq`.

    The rows are written anew: those that shrink leave their pages half empty.
    """
    cursor.execute(statements.piece_rows, place)
    rows = [(*row[:9], None, "", row[11], *[None] * 5, row[17], None) for row in cursor.fetchall()]
    if rows:
        cursor.execute(statements.drop_pieces, place)
        backend.insert(cursor, statements.insert_act, rows)


def with_pieces(cursor: Any, statements: Statements, room: int, messages: Sequence[Entry]) -> list[Entry]:
    """Return these messages of a room, the open ones with their pieces."""
    return [
        replace(m, text=m.text + pieces_of(cursor, statements, room, m.seq)) if m.is_open else m
        for m in messages
    ]


def with_wholes(
    backend: Backend, cursor: Any, statements: Statements, room: int, acts: Sequence[Entry]
) -> list[Entry]:
    """Return these entries, those that closed a message with the message as it is now."""
    places = [(room, act.target) for act in acts if act.closes]
    if not places:
        return list(acts)
    rows = backend.fetch_each(cursor, statements.message_at, places)
    wholes = {row[0]: entry_in(row, message_of, MESSAGE) for row in rows if row}
    return [
        replace(act, more=replace(act.more or More(), whole=wholes.get(act.target or 0)))
        if act.closes
        else act
        for act in acts
    ]


def silent(
    session: DatabaseSession, statements: Statements, before_ms: int, limit: int
) -> Sequence[OpenMessage]:
    """Implements the hook `read_open`."""
    with session.reading() as cursor:
        cursor.execute(statements.open, (False, MOST_OPEN))
        rows = [(grown_of(grown), names) for *names, grown in cursor.fetchall()]
    found = [
        OpenMessage(room, epoch, seq, sender_id, username, grown.length, grown.at)
        for grown, (room, epoch, seq, sender_id, username) in rows
        if grown is not None and grown.at < before_ms
    ]
    return sorted(found, key=lambda one: one.grown_at)[: max(limit, 0)]
