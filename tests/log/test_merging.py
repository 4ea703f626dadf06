"""Pieces of a message that wait together become one draft, and come apart if that is not stored."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tornchat.log.merging import MOST_CHARS, merged
from tornchat.log.queue import Pending, Queue
from tornchat.model import Draft, Entry, More, Refusal, Stored, StoreResult

Outcomes = dict[str, StoreResult]


def draft(name: str, text: str, offset: int | None = None, user: str = "bot", target: int = 1) -> Draft:
    said = Draft(name, "hall", user, user, text, 0, name)
    if offset is None:
        return said
    return replace(said, kind="append", target=target, more=More(offset=offset, digest=f"digest of {name}"))


def waiting(outcomes: Outcomes, *drafts: Draft) -> list[Pending]:
    def answers(name: str) -> Pending:
        return Pending(
            next(d for d in drafts if d.draft_id == name), lambda r: outcomes.update({name: r}), 0.0
        )

    return [answers(one.draft_id) for one in drafts]


def taken(*drafts: Draft) -> list[tuple[str, str]]:
    """Id and text of what is stored of these drafts."""
    batch = merged(waiting({}, *drafts), lambda parts: None)
    return [(one.draft.draft_id, one.draft.text) for one in batch]


def test_pieces_that_follow_one_another_become_one() -> None:
    found = merged(
        waiting({}, draft("a", "x", 3), draft("b", "yz", 4), draft("c", "!", 6)), lambda parts: None
    )
    [one] = [pending.draft for pending in found]
    assert (one.text, one.offset, one.client_id, one.digest) == ("xyz!", 3, "a", "digest of a")


def test_what_does_not_follow_stays_apart() -> None:
    assert taken(draft("a", "x", 3), draft("b", "y", 5)) == [("a", "x"), ("b", "y")]
    assert taken(draft("a", "x", 3), draft("b", "y", 4, target=2)) == [("a", "x"), ("b", "y")]
    assert taken(draft("a", "x", 3), draft("b", "y", 4, user="romeo")) == [("a", "x"), ("b", "y")]


def test_the_drafts_of_a_sender_keep_their_order() -> None:
    assert taken(draft("a", "x", 3), draft("m", "message"), draft("b", "y", 4)) == [
        ("a", "x"),
        ("m", "message"),
        ("b", "y"),
    ]
    others = draft("m", "message", user="romeo")
    assert taken(draft("a", "x", 3), others, draft("b", "y", 4)) == [("a", "xy"), ("m", "message")]


def test_a_merged_piece_is_not_too_long() -> None:
    long = "x" * (MOST_CHARS - 1)
    found = taken(draft("a", long, 0), draft("b", "yy", len(long)), draft("c", "z", len(long) + 2))
    assert found == [("a", long + "yy"), ("c", "z")]


def settled(result: StoreResult) -> tuple[Outcomes, Sequence[Pending]]:
    outcomes: Outcomes = {}
    queue = Queue()
    queue.add(*waiting(outcomes, draft("later", "later")))
    batch = merged(waiting(outcomes, draft("a", "x", 3), draft("b", "y", 4)), queue.add_first)
    [one] = batch
    one.settle(result)
    return outcomes, queue.take(10, 0.0)


def test_an_outcome_that_holds_for_all_is_told_to_all() -> None:
    entry = Entry(9, "bot", "bot", "xy", 0, "a", "a", "append", 1, More(offset=3))
    for result in (Stored(entry, "e"), Refusal("unavailable"), Refusal("unconfirmed")):
        outcomes, again = settled(result)
        assert outcomes == {"a": result, "b": result}
        assert [one.draft.draft_id for one in again] == ["later"]


def test_parts_of_what_is_not_stored_as_a_whole_are_stored_one_by_one_before_the_others() -> None:
    entry = Entry(9, "bot", "bot", "x", 0, "a", "a", "append", 1, More(offset=3))
    for result in (Stored(entry, "e", repeated=True), Refusal("stale"), Refusal("message_too_long")):
        outcomes, again = settled(result)
        assert outcomes == {}
        assert [one.draft.draft_id for one in again] == ["a", "b", "later"]
        assert [one.draft.text for one in merged(again, lambda parts: None)] == ["x", "y", "later"]
