"""The kind `close`: the sender of an open message, or the server for one who is gone, adds no more to it."""

from __future__ import annotations

from tornchat.kinds.kind import Changes, EntryKind
from tornchat.model import Draft, Entry, Refusal


def revise(target: Entry, draft: Draft) -> Changes | Refusal:
    """Close the target, with the draft's text if filters have changed the whole text."""
    if not target.text:
        return Refusal("not_found", "The message was deleted.")
    if draft.more is None or draft.more.status in ("", "open"):
        return Refusal("invalid_message", "The status is complete, cancelled or failed.")
    changed = draft.text if draft.text not in ("", target.text) else None
    return Changes(text=changed, status=draft.more.status)


KIND = EntryKind(
    name="close",
    shape="revision",
    action="join",
    own_only=True,
    speaks=False,
    closes=True,
    revise=revise,
)
