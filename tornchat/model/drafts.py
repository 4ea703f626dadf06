"""Drafts of entries, and what becomes of them."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from tornchat.model.entries import Entry, KindName, More


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An entry before it is stored. `kind` is a declared kind (`tornchat.kinds`).

    `draft_id` is assigned by the core and unique across all nodes; storage keeps it with the entry, so that
    an unknown outcome can be looked up. `client_id` is chosen by the sender, and is stored at most once per
    room and sender. A draft that acts on a message has that message's `seq` as `target`. Its `text` is the
    target's new text; an empty text leaves the target's as it is. With `more.mark` it gives its sender this
    set of tokens on the target; with `more.offset` the text is added to the target's, which must be open;
    with `more.status` it closes the target. If it has no `more`, it is a deletion: it empties its target.
    `epoch` names the log that the draft is meant for: storage refuses it with `room_gone` if the room has
    another log; "" is not checked. `spaced_ms`: in slow mode, storage refuses it with `slow_mode` if its
    sender has a message in the room that was sent less than this before it; 0 is not checked.
    """

    draft_id: str
    room: str
    sender_id: str
    sender_username: str
    text: str
    sent_at: int
    client_id: str | None = None
    kind: KindName = "message"
    target: int | None = None
    epoch: str = ""
    more: More | None = None
    spaced_ms: int = 0

    @property
    def empties(self) -> bool:
        """True for a deletion: the target loses its text, whatever was done to it before or after."""
        return self.target is not None and self.more is None

    @property
    def offset(self) -> int | None:
        """Where in its target's text a piece begins; None for what is no piece of a streamed message."""
        return self.more.offset if self.more is not None else None

    @property
    def opens(self) -> bool:
        """True for a message that is to be streamed."""
        return self.target is None and self.more is not None and self.more.status == "open"

    @property
    def digest(self) -> str:
        """A short text that is the same for the same request of the sender, and else another."""
        if self.more is not None and self.more.digest:
            return self.more.digest
        marks = self.more if self.more is not None and self.more.mark is not None else None
        return digest_of(self.kind, self.target, self.text, None, marks)

    @property
    def meta(self) -> str:
        """The `meta` of a message, or the new one of a revision's target: a JSON object, or "" for none."""
        return self.more.meta if self.more is not None else ""

    @property
    def data(self) -> str:
        """The `data` of a message: a JSON object as text, or "" for none.

        For a revision, `revise` is given what its sender says, and storage what its target gets.
        """
        return self.more.data if self.more is not None else ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The whole set of tokens that a mark sets; () for what is no mark."""
        return self.more.mark.tokens if self.more is not None and self.more.mark is not None else ()

    def with_meta(self, meta: str) -> Draft:
        """Return the draft with another `meta`. It is known as the same request of its sender."""
        more = self.more or More(digest=self.digest)
        return replace(self, more=replace(more, meta=meta))


def digest_of(
    kind: str, target: int | None, text: str, expects: int | None = None, more: More | None = None
) -> str:
    """Return the digest of a request: of its kind and all that its sender said, before filters.

    Of `more`, only what clients say counts: `reply_to`, `thread`, `mentions`, `meta`, `data`, tokens,
    `status` and `offset`.
    """
    said: tuple[object, ...] = (kind, target, text, expects)
    if more is not None:
        said += (more.reply_to, more.thread, more.mentions, more.meta)
        said += () if more.mark is None else (more.mark.tokens,)
        said += (more.data,) if more.data else ()
        said += (more.status, more.offset) if more.status or more.offset is not None else ()
    return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=12).hexdigest()


class Stored(msgspec.Struct, frozen=True, gc=False):
    """The outcome *stored*: the entry is on disk. `repeated` is true if it was stored by an earlier draft."""

    entry: Entry
    epoch: str
    repeated: bool = False


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The outcome *refused*: certainly not stored. `code` is one of `tornchat.errors.CODES`.

    `revision` is the target's present one, for the code `stale`, or `length` that of its text (code points),
    and `retry_after` (seconds) when the sender may send again, for `slow_mode`.
    """

    code: str
    reason: str = ""
    revision: int | None = None
    length: int | None = None
    retry_after: float | None = None


StoreResult: TypeAlias = Stored | Refusal
