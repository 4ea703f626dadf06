"""The hook that filters messages before they are stored."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from tornchat.errors import ChatError
from tornchat.hooks.specs.accept import text_and_meta
from tornchat.hooks.specs.promise import chain

if TYPE_CHECKING:
    from tornchat.model import Draft, User


@chain(role="filter", deadline=1.0, raises=(ChatError,), merge=text_and_meta)
def filter_message(draft: Draft, user: User) -> Awaitable[Draft] | Draft:
    """Return the draft, changed or unchanged; raise `Rejected` to refuse it with a text for its sender.

    Only the text and `meta` may be changed, the latter with `Draft.with_meta`: it is the text of a JSON
    object, at most 8 KiB and 32 levels, or "". A draft with a `target` is an edit of the message at that
    place, or a revision of a kind that a plugin brings (`draft.kind`), and `text` is the whole new text;
    deletions, and revisions that do not change the text, are not filtered. A streamed message is filtered at
    its beginning, piece by piece (`more.offset` is where the piece begins, and `more.context` has the 200
    code points before it), and as a whole when it is closed (`more.status`). Control characters in the text
    for
    the sender are replaced, and the text is cut after 1,000 characters. If a plugin raises another exception,
    does not return a draft or misses its deadline, the filter fails closed: the draft is not stored, and its
    sender receives `unavailable`.
    """
