"""Merging of pieces of a streamed message that wait for the same store call: they become one entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from tornchat.log.queue import Pending
from tornchat.model import More, Refusal, Stored, StoreResult

MOST_CHARS = 16 * 1024
"""Maximum length of a merged piece."""
UNKNOWING = frozenset({"unavailable", "unconfirmed"})
"""Codes of refusals that say nothing about a draft, and thus hold for each part of a merged one."""

Apart = Callable[[Sequence[Pending]], None]
"""Queues these drafts again, before all others, to be stored one by one."""


def merged(batch: Sequence[Pending], apart: Apart) -> Sequence[Pending]:
    """Return the drafts with each piece of a message added to the one that its sender sent before it.

    The drafts of a sender in a room keep their order. If a merged draft is not stored as a whole, one of its
    parts may be a repeat or not fit: `apart` is given its parts.
    """
    for pending in batch:
        if pending.draft.target is not None:
            return _merged(batch, apart)
    return batch  # no pieces, as usual


def _merged(batch: Sequence[Pending], apart: Apart) -> Sequence[Pending]:
    runs: list[list[Pending]] = []
    last: dict[tuple[str, str], list[Pending]] = {}
    for pending in batch:
        key = (pending.draft.room, pending.draft.sender_id)
        run = last.get(key)
        if run is not None and _follows(run, pending):
            run.append(pending)
        else:
            run = last[key] = [pending]
            runs.append(run)
    return [run[0] if len(run) == 1 else _joined(run, apart) for run in runs]


def _follows(run: Sequence[Pending], pending: Pending) -> bool:
    first, before, draft = run[0].draft, run[-1].draft, pending.draft
    if before.offset is None or draft.offset is None or run[-1].alone or pending.alone:
        return False
    same = (before.target, before.epoch) == (draft.target, draft.epoch)
    length = before.offset + len(before.text) - (first.offset or 0)
    return same and draft.offset == before.offset + len(before.text) and length < MOST_CHARS


def _joined(run: Sequence[Pending], apart: Apart) -> Pending:
    """Return one draft for all: it is the same request as the first one, by its id and digest."""
    first = run[0]
    text = "".join(pending.draft.text for pending in run)
    more = replace(first.draft.more or More(), digest=first.draft.digest)
    draft = replace(first.draft, text=text, more=more)

    def answer(result: StoreResult) -> None:
        whole = type(result) is Stored and not result.repeated
        if whole or (type(result) is Refusal and result.code in UNKNOWING):
            for pending in run:
                pending.settle(result)
            return
        for pending in run:
            pending.alone = True
        apart(run)

    return Pending(draft, answer, first.arrived, first.known_seq)
