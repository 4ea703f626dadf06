"""Deliberately wrong storage of marks: each breaks one promise, as a tired author might."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.marking import Key, Marking
from tornchat_peewee.standing import Standing

from tornchat import Draft, Entry, Mark, Refusal, StoreResult, hookimpl


class AddsOnly(Marking):
    def compare(self, key: Key, wanted: Mark, target: Entry) -> Mark | Refusal:
        everything = tuple(dict.fromkeys((*self._sets.get(key, ()), *wanted.tokens)))
        return super().compare(key, replace(wanted, tokens=everything), target)


class KnowsNoLimit(Marking):
    def compare(self, key: Key, wanted: Mark, target: Entry) -> Mark | Refusal:
        return super().compare(key, replace(wanted, most=0), target)


class RefusesAlsoWhatFits(Marking):
    def compare(self, key: Key, wanted: Mark, target: Entry) -> Mark | Refusal:
        return super().compare(key, replace(wanted, most=min(wanted.most, 1)), target)


class ForgetsWhatUsersHad(Marking):
    def read(self, keys: Any) -> None:
        """Read nothing."""


class CountsFromOne(Marking):
    def compare(self, key: Key, wanted: Mark, target: Entry) -> Mark | Refusal:
        mark = super().compare(key, wanted, target)
        if isinstance(mark, Refusal):
            return mark
        return replace(mark, counts={token: min(count, 1) for token, count in mark.counts.items()})


class KeepsMarksOfTheDeleted(Marking):
    def write(self, deleted: Collection[tuple[int, int]]) -> None:
        super().write(())


class ForgetsIdsOfSetsThatStand(Standing):
    def write(self) -> None:
        """Write nothing."""


class KeepsWhatWasAskedOfTheDeleted(Standing):
    def empty(self, deleted: Collection[tuple[int, int]]) -> None:
        """Keep it."""


class ReadsMarksOfEverybody(PeeweePlugin):
    @hookimpl
    def read_marks(
        self, room: str, targets: Sequence[int], user_id: str | None, after: int, limit: int
    ) -> Any:
        return super().read_marks(room, targets, None, after, limit)


class IgnoresAfter(PeeweePlugin):
    @hookimpl
    def read_marks(
        self, room: str, targets: Sequence[int], user_id: str | None, after: int, limit: int
    ) -> Any:
        return super().read_marks(room, targets, user_id, 0, limit)


class KnowsNoIds(PeeweePlugin):
    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        return await super().store_messages([replace(draft, client_id=None) for draft in drafts])


MARKINGS = (
    (AddsOnly, "test_mark_replaces_the_senders_tokens"),
    (KnowsNoLimit, "test_different_tokens_are_limited"),
    (RefusesAlsoWhatFits, "test_different_tokens_are_limited"),
    (ForgetsWhatUsersHad, "test_mark_replaces_the_senders_tokens"),
    (CountsFromOne, "test_mark_replaces_the_senders_tokens"),
    (KeepsMarksOfTheDeleted, "test_deletion_removes_marks"),
)
"""A wrong `Marking`, and the promise that it breaks."""
STANDING = (
    (ForgetsIdsOfSetsThatStand, "test_repeat_of_a_set_that_stood"),
    (KeepsWhatWasAskedOfTheDeleted, "test_repeat_of_a_set_that_stood"),
)
"""A wrong `Standing`, and the promise that it breaks."""
PLUGINS = (
    (ReadsMarksOfEverybody, "test_read_marks"),
    (IgnoresAfter, "test_read_marks"),
    (KnowsNoIds, "test_repeated_marks_give_the_first_entry"),
)
"""A wrong plugin, and the promise that it breaks."""
