"""The kind `append`: the sender of an open message adds a piece to its text."""

from __future__ import annotations

from tornchat.kinds.kind import Changes, EntryKind
from tornchat.model import Draft, Entry, Refusal


def revise(target: Entry, draft: Draft) -> Changes | Refusal:
    """Add the draft's text. Storage compares where it begins, and whether the target is open."""
    if not target.text:
        return Refusal("not_found", "The message was deleted.")
    return Changes(piece=draft.text)


KIND = EntryKind(name="append", shape="revision", own_only=True, takes_text=True, grows=True, revise=revise)
