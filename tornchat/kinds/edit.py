"""The kind `edit`: the sender of a message gives it another text, and perhaps another `meta`."""

from __future__ import annotations

from tornchat.kinds.kind import Changes, EntryKind
from tornchat.model import Draft, Entry, Refusal


def revise(target: Entry, draft: Draft) -> Changes | Refusal:
    """Give the target the draft's text, and its `meta` if it has one. Storage refuses it if it is open."""
    if not target.text:
        return Refusal("not_found", "The message was deleted.")
    return Changes(text=draft.text, meta=draft.meta or None)


KIND = EntryKind(name="edit", shape="revision", own_only=True, takes_text=True, timed=True, revise=revise)
