"""Deliberately wrong storage plugins: each breaks one promise of replies, threads and `meta`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tornchat import Draft, Entry, Page, StoreResult, hookimpl


class Wrong(PeeweePlugin):
    """The plugin `peewee`, whose drafts and messages pass through `given` and `told`."""

    def given(self, draft: Draft) -> Draft:
        return draft

    def told(self, entry: Entry) -> Entry:
        return entry

    def page(self, page: Page | None) -> Page | None:
        return page and replace(page, entries=tuple(map(self.told, page.entries)))

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        return await super().store_messages([self.given(draft) for draft in drafts])

    @hookimpl
    async def read_history(self, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        return self.page(await super().read_history(room, after, before, limit))

    @hookimpl
    async def read_messages(
        self,
        room: str,
        after: int | None,
        before: int | None,
        around: int | None,
        thread: int | None,
        limit: int,
    ) -> Page | None:
        return self.page(await super().read_messages(room, after, before, around, thread, limit))


Said = TypeVar("Said", Draft, Entry)


def without(entry: Said, **fields: object) -> Said:
    """The same draft or entry, with other fields in `more`."""
    return entry if entry.more is None else replace(entry, more=replace(entry.more, **fields))


class ForgetsMentions(Wrong):
    def given(self, draft: Draft) -> Draft:
        return draft if draft.target is not None else without(draft, mentions=None)


class CountsNoActs(Wrong):
    def page(self, page: Page | None) -> Page | None:
        return page and replace(page, acts=0)


class KnowsNoTargets(Wrong):
    def given(self, draft: Draft) -> Draft:
        missing = draft.more is not None and draft.more.reply_to == 99
        return without(draft, reply_to=None) if missing else draft


class HasThreadsInThreads(Wrong):
    def given(self, draft: Draft) -> Draft:
        nested = draft.more is not None and draft.more.thread == 2
        return without(draft, thread=1) if nested else draft


class CountsNothing(Wrong):
    def told(self, entry: Entry) -> Entry:
        return without(entry, replies=None)


class CountsDeletedReplies(Wrong):
    def told(self, entry: Entry) -> Entry:
        replies = entry.more.replies if entry.more is not None else None
        return entry if replies is None else entry.with_replies(replace(replies, count=max(replies.count, 4)))


class ReadsTheWholeRoomForAThread(Wrong):
    @hookimpl
    async def read_messages(
        self,
        room: str,
        after: int | None,
        before: int | None,
        around: int | None,
        thread: int | None,
        limit: int,
    ) -> Page | None:
        return await super().read_messages(room, after, before, around, None, limit)


class LosesMetaWithAnEdit(Wrong):
    def told(self, entry: Entry) -> Entry:
        return without(entry, meta="") if entry.target is None and entry.revision else entry


class KeepsTheMetaOfDeletedMessages(Wrong):
    def told(self, entry: Entry) -> Entry:
        return entry if entry.text else without(entry, meta="{}")


class ComparesTextsOnly(Wrong):
    def given(self, draft: Draft) -> Draft:
        plain = draft.target is None and draft.more is not None
        return without(draft, digest=f"of {draft.text}") if plain else draft


class TakesTheThreadWithItsRoot(Wrong):
    def told(self, entry: Entry) -> Entry:
        return without(entry, thread=None) if entry.seq == 2 else entry


class RemembersThreadsUntilItEnds(Wrong):
    threads: ClassVar[dict[str, int | None]] = {}

    def given(self, draft: Draft) -> Draft:
        type(self).threads[draft.draft_id] = draft.more and draft.more.thread
        return draft

    def told(self, entry: Entry) -> Entry:
        return without(entry, thread=self.threads.get(entry.draft_id))

    @hookimpl
    async def shutdown(self) -> None:
        type(self).threads.clear()
        await super().shutdown()


class RefusesWhatItsBatchBrings(Wrong):
    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        results = [await super(Wrong, self).store_messages([draft]) for draft in reversed(drafts)]
        return [result for [result] in reversed(results)]
