"""Text that plugins provide, made safe for frames, pages, terminals and logs."""

from __future__ import annotations

import re
from typing import Final

MOST_CHARS: Final = 1000
"""Characters of a plugin's text that are shown to a client or an operator. The rest is cut off."""
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than tab and line feed, and surrogates, which UTF-8 can't encode."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def cleaned(text: object, most: int = MOST_CHARS) -> str:
    """Return at most `most` characters of `text`, with unsafe characters replaced by U+FFFD.

    Anything that is not a `str` is converted first. Raises nothing.
    """
    whole = text if isinstance(text, str) else _as_text(text)
    safe = _UNSAFE.sub("\ufffd", whole[: most + 1])
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def one_line(text: object, most: int = MOST_CHARS) -> str:
    """Return `cleaned(text)` with each run of white space replaced by one space."""
    return " ".join(cleaned(text, most).split())


def is_encodable(text: str) -> bool:
    """Return whether UTF-8 can encode `text`. A `str` may contain lone surrogates, which it can't."""
    return text.isascii() or not _SURROGATE.search(text)


def _as_text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # a plugin's __str__
        return f"a {type(value).__name__} without a readable text"
