"""The kind `deletion`: a message loses its text, and keeps its place."""

from __future__ import annotations

from tornchat.kinds.kind import Changes, EntryKind
from tornchat.model import Draft, Entry, Refusal


def revise(target: Entry, draft: Draft) -> Changes | Refusal:
    """Empty the target."""
    return Changes(empties=True)


KIND = EntryKind(
    name="deletion",
    shape="revision",
    action="join",
    others="delete message",
    speaks=False,
    revise=revise,
)
