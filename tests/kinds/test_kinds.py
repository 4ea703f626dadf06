"""Kinds are declarations; the built-in ones are found by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tornchat import kinds
from tornchat.kinds import BUILT_IN, Changes, EntryKind
from tornchat.kinds.edit import revise
from tornchat.model import Draft, Entry, More, Refusal
from tornchat.service.rights import GRANTS

MESSAGE = Entry(1, "u", "u", "hello", 0, "d1")
EDIT = Draft("d2", "hall", "u", "u", "hi", 0, None, "edit", 1)


def test_each_file_declares_one() -> None:
    files = {path.stem for path in Path(kinds.__file__).parent.glob("*.py")} - {"__init__", "kind"}
    assert set(BUILT_IN) == files


@pytest.mark.parametrize("kind", BUILT_IN.values(), ids=lambda kind: kind.name)
def test_a_right_that_is_needed_is_in_the_table(kind: EntryKind) -> None:
    assert not kind.others or kind.others in GRANTS


@pytest.mark.parametrize("name", ["", "Poll", "1st", "a" * 33, "a b", "-a"])
def test_a_name_is_short_and_plain(name: str) -> None:
    with pytest.raises(ValueError, match="is not named"):
        EntryKind(name=name, shape="message")


def test_a_revision_says_what_it_changes_and_nothing_else_does() -> None:
    with pytest.raises(ValueError, match="needs `revise`"):
        EntryKind(name="poke", shape="revision")
    with pytest.raises(ValueError, match="needs `revise`"):
        EntryKind(name="poke", shape="mark", revise=revise)


def test_an_edit_gives_the_whole_text_and_none_to_a_deleted_message() -> None:
    assert revise(MESSAGE, EDIT) == Changes(text="hi")
    found = revise(Entry(1, "u", "u", "", 0, "d1", more=More(position=2)), EDIT)
    assert isinstance(found, Refusal)
    assert found.code == "not_found"


def act(seq: int, revision: int | None, text: str = "") -> Entry:
    more = None if revision is None else More(revision=revision)
    return Entry(seq, "u", "u", text, seq, f"d{seq}", None, "any", 1, more)


def test_changes_are_applied_by_position_and_deletions_always() -> None:
    first, second = act(2, 1, "two"), act(3, 2, "three")
    gone = act(4, None)
    edited = MESSAGE.after(first).after(second)
    assert (edited.text, edited.revision, edited.position) == ("three", 2, 3)
    assert edited.after(first) is edited
    for states in ((gone, first, second), (first, gone, second), (second, first, gone)):
        message = MESSAGE
        for state in states:
            message = message.after(state)
        assert (message.text, message.position) == ("", 4)
