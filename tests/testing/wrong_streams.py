"""Deliberately wrong storage of streamed messages: each breaks one promise."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.acting import Acting, _Target
from tornchat_peewee.head import Head
from tornchat_peewee.streams import Grown

from tests.testing.wrong_threads import Wrong
from tornchat import Draft, Entry, More, OpenMessage, Refusal, Stored, hookimpl


class AddsAnywhere(Acting):
    def _piece(self, head: Head, draft: Draft, offset: int, target: _Target) -> Entry | Refusal | Stored:
        return super()._piece(head, draft, target.grown.length if target.grown else offset, target)


class CountsBytes(Acting):
    def _piece(self, head: Head, draft: Draft, offset: int, target: _Target) -> Entry | Refusal | Stored:
        if target.grown is not None:
            target.grown = Grown(target.grown.size, target.grown.size, target.grown.pieces, 0)
        return super()._piece(head, draft, offset, target)


class SaysNoLength(Acting):
    def _piece(self, head: Head, draft: Draft, offset: int, target: _Target) -> Entry | Refusal | Stored:
        result = super()._piece(head, draft, offset, target)
        return Refusal(result.code) if isinstance(result, Refusal) else result


class KnowsNoRepeats(Acting):
    def _piece_again(self, head: Head, draft: Draft, offset: int, target: _Target) -> Refusal | Stored:
        return Refusal("stale", length=target.grown.length if target.grown else 0)


class KnowsNoRepeatsAfterTheClose(Acting):
    def _piece_again(self, head: Head, draft: Draft, offset: int, target: _Target) -> Refusal | Stored:
        return super()._piece_again(head, draft, offset, target) if target.grown else Refusal("not_open")


class TakesAnythingForARepeat(Acting):
    def _piece_again(self, head: Head, draft: Draft, offset: int, target: _Target) -> Refusal | Stored:
        same = replace(draft, text="")
        return super()._piece_again(head, same, offset, target)


class ForgetsPiecesOfTheBatch(Acting):
    def _text(self, room: int, target: _Target) -> str:
        target.added = []
        return super()._text(room, target)


class ClosesAtAnyLength(Acting):
    def _close(self, head: Head, draft: Draft, closing: More, target: _Target) -> Entry | Refusal:
        return super()._close(head, draft, replace(closing, expects=None), target)


class ClosesTwice(Acting):
    def _close(self, head: Head, draft: Draft, closing: More, target: _Target) -> Entry | Refusal:
        target.grown = target.grown or Grown(len(target.entry.text), 0, 0, 0)
        return super()._close(head, draft, closing, target)


class KeepsThePieces(Acting):
    def write(self) -> None:
        self._closed.clear()
        super().write()


class ClosesWithoutTheWhole(Acting):
    def _close(self, head: Head, draft: Draft, closing: More, target: _Target) -> Entry | Refusal:
        result = super()._close(head, draft, closing, target)
        whole = {"whole": None}
        return replace(result, more=replace(result.more, **whole)) if isinstance(result, Entry) else result


class HasNoLimits(Acting):
    def _piece(self, head: Head, draft: Draft, offset: int, target: _Target) -> Entry | Refusal | Stored:
        if target.grown is not None:
            target.grown = Grown(target.grown.length, 0, 0, target.grown.at)
        return super()._piece(head, draft, offset, target)


class EditsOpenMessages(Acting):
    def append(self, head: Head, draft: Draft) -> Entry | Refusal | Stored:
        target = self._targets.get((head.room, draft.target or 0))
        if target is not None and draft.kind == "edit":
            target.grown = None
        return super().append(head, draft)


class ReadsTheBeginningOnly(Wrong):
    def told(self, entry: Entry) -> Entry:
        return replace(entry, text=entry.text[:2]) if entry.is_open else entry


class ForgetsOpenMessages(PeeweePlugin):
    @hookimpl
    async def read_open(self, before_ms: int, limit: int) -> Sequence[OpenMessage]:
        return (await super().read_open(before_ms, limit))[1:]


class ReadsAllOpenMessages(PeeweePlugin):
    @hookimpl
    async def read_open(self, before_ms: int, limit: int) -> Sequence[OpenMessage]:
        return await super().read_open(2**60, limit)


class ReadsTheNewestFirst(PeeweePlugin):
    @hookimpl
    async def read_open(self, before_ms: int, limit: int) -> Sequence[OpenMessage]:
        return (await super().read_open(before_ms, limit))[::-1]


class TellsOldStatesOnly(PeeweePlugin):
    @hookimpl
    async def read_changed(self, room: str, since: int, limit: int) -> object:
        changed = await super().read_changed(room, since, limit)
        return changed and replace(changed, messages=tuple(m for m in changed.messages if not m.is_open))


ACTINGS = [
    (AddsAnywhere, "test_offsets_are_compared"),
    (CountsBytes, "test_pieces_are_added"),
    (SaysNoLength, "test_offsets_are_compared"),
    (KnowsNoRepeats, "test_same_piece_is_a_repeat"),
    (KnowsNoRepeatsAfterTheClose, "test_same_piece_is_a_repeat"),
    (TakesAnythingForARepeat, "test_offsets_are_compared"),
    (ForgetsPiecesOfTheBatch, "test_pieces_of_a_batch_see_each_other"),
    (ClosesAtAnyLength, "test_close_compares_the_length"),
    (ClosesTwice, "test_only_open_messages_grow"),
    (KeepsThePieces, "test_close"),
    (ClosesWithoutTheWhole, "test_close"),
    (HasNoLimits, "test_limits"),
    (EditsOpenMessages, "test_only_open_messages_grow"),
]
PLUGINS = [
    (ReadsTheBeginningOnly, "test_pieces_are_added"),
    (ForgetsOpenMessages, "test_read_open"),
    (ReadsAllOpenMessages, "test_read_open"),
    (ReadsTheNewestFirst, "test_read_open"),
    (TellsOldStatesOnly, "test_open_messages_that_have_grown_are_told"),
]
