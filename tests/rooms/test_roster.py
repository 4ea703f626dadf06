"""Presence is state, its events are hints: what members are told is the difference between two lists."""

from __future__ import annotations

import json

import pytest

from tornchat.model import Participant, PresenceChange, Roster
from tornchat.rooms.roster import ToldRoster

ROMEO, JULIET, NURSE = (Participant(str(i), name) for i, name in enumerate(["romeo", "juliet", "nurse"]))


def join(participant):
    return PresenceChange("join", participant)


def leave(participant):
    return PresenceChange("leave", participant)


def told(version, *users, limit=0):
    roster = ToldRoster(limit)
    roster.refresh(Roster(version, users))
    return roster


def names(roster, me):
    return [json.loads(item)["username"] for item in roster.encoded(me)]


@pytest.mark.parametrize(
    ("version", "change", "events"),
    [
        (5, join(NURSE), [join(NURSE)]),
        (5, leave(JULIET), [leave(JULIET)]),
        (5, join(JULIET), []),  # it is there already
        (5, leave(NURSE), []),  # it is not there
        (4, join(NURSE), []),  # known
        (3, leave(JULIET), []),  # older
        (6, join(NURSE), None),  # one was missed: read the list again
    ],
)
def test_only_the_next_version_is_applied(version, change, events):
    roster = told(4, ROMEO, JULIET)
    assert roster.apply(version, change) == events
    assert roster.version == (5 if version == 5 else 4)


@pytest.mark.parametrize(
    ("fresh", "events"),
    [
        (Roster(9, (ROMEO, JULIET)), []),
        (Roster(9, (JULIET, NURSE)), [leave(ROMEO), join(NURSE)]),
        (Roster(9, ()), [leave(ROMEO), leave(JULIET)]),
        (Roster(4, (ROMEO,)), [leave(JULIET)]),
        (Roster(3, (NURSE,)), []),  # older than what was told
    ],
)
def test_a_fresh_list_gives_leaves_before_joins(fresh, events):
    roster = told(4, ROMEO, JULIET)
    assert roster.refresh(fresh) == events
    assert roster.version == max(4, fresh.version)


def test_a_repeated_list_tells_nothing_twice():
    roster = ToldRoster()
    assert roster.refresh(Roster(0, (ROMEO,))) == [join(ROMEO)]
    assert roster.refresh(Roster(0, (ROMEO,))) == []


def test_the_list_holds_oneself_in_any_case():
    roster = told(1, ROMEO)
    assert names(roster, ROMEO) == ["romeo"]
    assert names(roster, JULIET) == ["romeo", "juliet"]
    assert len(roster) == 1


def test_an_item_has_the_documented_keys():
    (item,) = ToldRoster().encoded(ROMEO)
    assert item == b'{"id":"0","username":"romeo"}'


def test_above_the_limit_changes_are_not_told_and_the_list_is_cut():
    roster = told(1, ROMEO, limit=1)
    assert roster.apply(2, join(JULIET)) == []
    assert names(roster, ROMEO) == ["romeo"]
    assert names(roster, JULIET) == ["romeo", "juliet"]
    assert roster.apply(3, leave(JULIET)) == []
    assert roster.apply(4, leave(ROMEO)) == [leave(ROMEO)]


def test_nobody_has_left_a_list_that_is_not_complete():
    """The nodes of a cluster are still entering who is there again."""
    roster = told(1, ROMEO, JULIET)
    assert roster.refresh(Roster(7, (JULIET, NURSE), complete=False)) == [join(NURSE)]
    assert names(roster, JULIET) == ["romeo", "juliet", "nurse"]
    assert roster.refresh(Roster(8, (JULIET, NURSE))) == [leave(ROMEO)]
