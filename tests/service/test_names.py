# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Names that look alike have one key, and others have not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornchat.errors import ChatError
from tornchat.service.names import name_key, plain_name

ALIKE = [
    ("ann", "Ann", "ANN", "Аnn", "a n n", "a.n-n", "ánn", "ａｎｎ", "An\u200bn", "a\u0301nn"),
    ("paypal", "раураl", "PAYPA1", "pаypаl", "pаураⅼ", "𝐩𝐚𝐲𝐩𝐚𝐥"),
    ("alice", "аlісе", "ALICE", "a1ice", "alıce", "αlice", "ꓮꓡꓲꓚꓰ", "ᎪᏞᎥᏟᎬ", "Ⲁlⲓⲥe"),
    ("scope", "ѕсоре", "5c0pe"),
    ("modern", "modem"),
    ("root", "r00t", "rοοt", "гооt", "ꓣꓳꓳꓔ", "ᎡOꓳᎢ", "rଠ၀t", "r๐໐t"),
]


@pytest.mark.parametrize("names", ALIKE, ids=[names[0] for names in ALIKE])
def test_names_that_look_alike_have_one_key(names: tuple[str, ...]) -> None:
    assert len({name_key(name) for name in names}) == 1, {name: name_key(name) for name in names}


def test_other_names_have_other_keys() -> None:
    names = [
        "ann",
        "anna",
        "bob",
        "carol",
        "dave",
        "eve",
        "Zoë",
        "Łukasz",
        "李雷",
        "韩梅梅",
        "さくら",
        "Юрий",
        "משה",
    ]
    assert len({name_key(name) for name in names}) == len(names)


@given(st.text(st.characters(max_codepoint=127), max_size=80))
def test_what_is_not_seen_changes_no_key_of_an_ascii_name(text: str) -> None:
    """ASCII names have a shorter way to their key."""
    assert name_key(text) == name_key(text + "\u200b")


@given(st.text(max_size=80))
def test_a_plain_name_stays_as_it_is_and_shows_something(text: str) -> None:
    try:
        plain = plain_name(text)
    except ChatError:
        return
    assert plain_name(plain) == plain == unicodedata.normalize("NFC", plain).strip()
    assert name_key(plain)
    assert not {"Cc", "Cf", "Cs", "Co", "Cn"} & {unicodedata.category(one) for one in plain}
