"""Titles and topics: any script, and no characters that are not seen or that turn the text around."""

from __future__ import annotations

import pytest

from tornchat import ChatError
from tornchat.wire.titles import MOST_TITLE_CHARS, plain_text


@pytest.mark.parametrize(
    "text",
    [
        "Tea",
        "\u8336\u306e\u6642\u9593",
        "\u0686\u0627\u06cc\u200c\u062e\u0627\u0646\u0647",  # Persian needs the zero-width non-joiner
        "\U0001f469\u200d\U0001f52c",  # and emoji the joiner
        "x" * 80,
        "",
    ],
)
def test_any_script_is_kept(text: str) -> None:
    assert plain_text("title", text, MOST_TITLE_CHARS) == text


def test_spaces_around_go_and_the_form_is_the_composed_one() -> None:
    assert plain_text("title", " cafe\u0301 ", MOST_TITLE_CHARS) == "caf\u00e9"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 81, "at most 80 characters"),
        ("a\nb", "line breaks"),
        ("a\u2028b", "line breaks"),
        ("a\x00b", "control"),
        ("a\x1b[31mb", "control"),
        ("a\x85b", "control"),
        ("a\ud800b", "control"),
        ("\u202eevil", "direction"),
        ("\u2066a\u2069", "direction"),
        ("a\u200fb", "direction"),
    ],
)
def test_what_no_title_has(text: str, words: str) -> None:
    with pytest.raises(ChatError, match=words) as refused:
        plain_text("title", text, MOST_TITLE_CHARS)
    assert refused.value.code == "invalid_message"
