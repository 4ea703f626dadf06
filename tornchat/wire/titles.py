"""The texts by which rooms say what they are: titles and topics, in any script."""

from __future__ import annotations

import unicodedata

from tornchat.errors import ChatError

MOST_TITLE_CHARS = 80
MOST_TOPIC_CHARS = 250
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of characters that no title has: controls, lone surrogates, separators of lines."""
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of the text, also of what follows it on a page."""


def plain_text(what: str, text: str, most: int) -> str:
    """Return the text in NFC without spaces around it; "" is allowed, and means that there is none.

    `what` names the text in the error. Raises `ChatError` (`invalid_message`) above `most` characters, for
    control characters and line breaks, and for characters that change the direction of the text.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    if len(plain) > most:
        raise ChatError("invalid_message", f"A {what} has at most {most} characters.")
    if any(unicodedata.category(one) in _UNSEEN for one in plain):
        raise ChatError("invalid_message", f"A {what} has no control characters and no line breaks.")
    if not _DIRECTIONS.isdisjoint(plain):
        raise ChatError("invalid_message", f"A {what} has no characters that change the direction of text.")
    return plain
