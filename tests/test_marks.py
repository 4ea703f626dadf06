"""Tokens in normal form, and tallies: what everybody counts in the same way."""

from __future__ import annotations

import random

import pytest

from tornchat.marks import MOST_USERS, MarkChange, Tally, counted, normal


@pytest.mark.parametrize("token", ["", " ", "x" * 33, "a\tb", "\x7f", "\ud800", "\u2028", "\u202e", "\ufe0f"])
def test_what_may_not_be_a_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="A token has"):
        normal([token])


def test_tokens_are_the_same_however_they_are_written() -> None:
    assert normal(["\u2764\ufe0f", "\u2764", "e\u0301", "\xe9"]) == ("\u2764", "\xe9")
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert normal([family, flag, "x" * 32]) == (family, flag, "x" * 32)
    assert normal(normal(["e\ufe0f\u0301"])) == ("\xe9",)
    with pytest.raises(ValueError, match="21 tokens"):
        normal([f"t{number}" for number in range(21)])
    assert len(normal([f"t{number // 2}" for number in range(40)])) == 20


def test_who_has_a_token_is_known_until_more_than_twenty_have() -> None:
    tallies: dict[str, Tally] = {}
    for number in range(MOST_USERS + 1):
        tallies = counted(tallies, {"x": number + 1}, [MarkChange(f"u{number}", ("x",), ())])
        known = number < MOST_USERS
        assert len(tallies["x"].users) == (number + 1 if known else 0)
    tallies = counted(tallies, {"x": MOST_USERS}, [MarkChange("u0", (), ("x",))])
    assert tallies == {"x": Tally(MOST_USERS)}
    assert counted(tallies, {"x": 0}, []) == {}


@pytest.mark.parametrize("seed", range(20))
def test_changes_in_one_go_or_one_by_one_or_twice_give_the_same_counts(seed: int) -> None:
    chance = random.Random(seed)
    sets: dict[str, set[str]] = {}
    tallies: dict[str, Tally] = {}
    all_counts, changes = dict[str, int](), list[MarkChange]()
    for _ in range(200):
        user, tokens = f"u{chance.randrange(30)}", set(chance.sample("abc", chance.randrange(4)))
        before = sets.get(user, set())
        sets[user] = tokens
        counts = {t: sum(t in one for one in sets.values()) for t in sorted(before ^ tokens)}
        change = MarkChange(user, tuple(sorted(tokens - before)), tuple(sorted(before - tokens)))
        tallies = counted(tallies, counts, [change])
        all_counts |= counts
        changes.append(change)
    at_once = counted({}, all_counts, changes)
    for found in (tallies, at_once, counted(tallies, all_counts, changes[100:])):
        for token in "abc":
            users = {user for user, one in sets.items() if token in one}
            tally = found.get(token, Tally(0))
            assert tally.count == len(users)
            assert set(tally.users) in (users, set())
