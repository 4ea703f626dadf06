"""Searches over several rooms, and what they find."""

from __future__ import annotations

import msgspec

from tornchat.model.entries import Entry


class SearchTerms(msgspec.Struct, frozen=True):
    """What a message must have: all words of `text`, and if they are given, this sender and an earlier time.

    With `prefix`, each word of `text` may be the beginning of a word. `before_ms` is Unix time in
    milliseconds.
    """

    text: str
    prefix: bool = False
    sender_id: str | None = None
    before_ms: int | None = None


class FoundPlace(msgspec.Struct, frozen=True):
    """Where a page of findings ends: its last message. `sent_at` is in Unix milliseconds."""

    sent_at: int
    room: str
    seq: int


class FoundMessage(msgspec.Struct, frozen=True):
    """A message in its present state, and its room."""

    room: str
    entry: Entry

    @property
    def place(self) -> FoundPlace:
        """The place to continue after."""
        return FoundPlace(self.entry.sent_at, self.room, self.entry.seq)
