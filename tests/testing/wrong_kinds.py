"""Deliberately wrong plugins: each breaks one promise about kinds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.testing.wrong_threads import Wrong, without
from tornchat import Changes, Draft, Entry, EntryKind, Refusal, hookimpl


class ForgetsKinds(Wrong):
    def told(self, entry: Entry) -> Entry:
        return replace(entry, kind="message") if entry.kind == "call" else entry


class ForgetsData(Wrong):
    def given(self, draft: Draft) -> Draft:
        return draft if draft.target is not None else without(draft, data="")


class GivesNoData(Wrong):
    def given(self, draft: Draft) -> Draft:
        return draft if draft.target is None else without(draft, data="")


class TakesEveryRevisionForAnEdit(Wrong):
    def told(self, entry: Entry) -> Entry:
        return without(entry, edited_at=5) if entry.target is None and entry.revision else entry


class KnowsThePresentTextOnly(Wrong):
    def given(self, draft: Draft) -> Draft:
        return replace(draft, client_id=None)


class KeepsTheDataOfDeletedMessages(Wrong):
    def told(self, entry: Entry) -> Entry:
        return entry if entry.text or entry.more is None else without(entry, data="{}")


class ComparesNoMarks(Wrong):
    def given(self, draft: Draft) -> Draft:
        return without(draft, expects=None) if draft.tokens else draft


STORAGES = (
    (ForgetsKinds, "test_kind_and_data_are_kept"),
    (ForgetsData, "test_kind_and_data_are_kept"),
    (GivesNoData, "test_a_revision_gives_data"),
    (TakesEveryRevisionForAnEdit, "test_a_revision_gives_data"),
    (KnowsThePresentTextOnly, "test_repeats_are_known_after_a_revision"),
    (KeepsTheDataOfDeletedMessages, "test_a_deletion_empties_data"),
    (KeepsTheDataOfDeletedMessages, "test_pruned_messages_leave_no_data"),
    (ComparesNoMarks, "test_a_mark_is_compared"),
)


class Card(msgspec.Struct):
    title: str = ""


class Lossy(msgspec.Struct, omit_defaults=True):
    """A type that does not read what it writes."""

    title: str = ""

    def __post_init__(self) -> None:
        self.title += "!"


def fine(target: Entry, draft: Draft) -> Changes | Refusal:
    return Changes(text="fine")


def card(name: str = "card", data: type[msgspec.Struct] = Card) -> EntryKind:
    return EntryKind(name=name, shape="message", data=data)


def turn(revise: Any = fine, **fields: Any) -> EntryKind:
    return EntryKind(name="turn", shape="revision", revise=revise, **fields)


def star(check: Any) -> EntryKind:
    return EntryKind(name="star", shape="mark", check=check)


class Right:
    """Brings kinds as it should."""

    def kinds(self) -> list[EntryKind]:
        return [card(), turn(), star(lambda target, draft: None)]

    @hookimpl
    def entry_kinds(self) -> Sequence[EntryKind]:
        return self.kinds()


def bringing(*kinds: EntryKind) -> type[Right]:
    class Brings(Right):
        def kinds(self) -> list[EntryKind]:
            return list(kinds)

    return Brings


class DeclaresOthersEachTime(Right):
    numbers = count()

    def kinds(self) -> list[EntryKind]:
        return [card(f"card-{next(self.numbers)}")]


def _counting() -> Any:
    numbers = count()
    return lambda target, draft: Changes(text=f"number {next(numbers)}")


KINDS = (
    (bringing(), "test_names"),
    (bringing(card(), card()), "test_names"),
    (bringing(card("edit")), "test_names"),
    (bringing(turn(targets=("cart",))), "test_names"),
    (DeclaresOthersEachTime, "test_names"),
    (bringing(card("lossy", Lossy)), "test_data"),
    (bringing(card("unknown")), "test_data"),
    (bringing(card(), turn(lambda target, draft: None)), "test_revise_answers"),
    (bringing(card(), turn(lambda target, draft: Changes(text=""))), "test_revise_answers"),
    (bringing(card(), turn(lambda target, draft: Changes(data=target))), "test_revise_answers"),
    (bringing(card(), star(lambda target, draft: True)), "test_check_answers"),
    (bringing(card(), star(lambda target, draft: Changes())), "test_check_answers"),
    (bringing(card(), turn(_counting())), "test_functions_are_pure"),
)
