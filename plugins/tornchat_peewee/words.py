"""Splitting of texts into words for search, identical for all databases.

The index contains the results of this module. A change to it requires a migration step that empties the
index.
"""

from __future__ import annotations

import re
import unicodedata

MOST_CHARS = 64
"""Maximum length of a word in characters; longer words are truncated."""
ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"  # Thai, Lao, Myanmar, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana and Han
)
"""Scripts without spaces between words. Each of their characters, with its marks, is treated as a word."""
MARK = "\ue000"
"""Stands for each mark while words are searched, since regular expressions have no class for marks."""
WORD = re.compile(rf"[{ALONE}]{MARK}*|[^\W_{ALONE}](?:{MARK}|[^\W_{ALONE}])*")
_ZERO_WIDTH_SPACE = "\u200b"  # the only format character that separates words
_POINTS = range(10, 37)  # combining classes of Hebrew, Arabic and Syriac points
_ACCENTS = range(200, 241)  # combining classes of accents above, below and beside a letter


def words_of(text: str) -> list[str]:
    """Return the distinct words of `text`, case-folded and without accents.

    Marks that are part of the spelling, such as vowel signs, belong to the word that they are in. Invisible
    format characters, such as joiners, are ignored.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", "".join(letter for letter in plain if _is_kept(letter)))
    shape = plain if plain.isascii() else "".join(map(_shape, plain))
    words = (plain[found.start() : found.end()] for found in WORD.finditer(shape))
    return list(dict.fromkeys(word[:MOST_CHARS] for word in words))


def _is_kept(letter: str) -> bool:
    """Return whether a character is kept: not an accent, a point, an enclosing or an invisible character."""
    category = unicodedata.category(letter)
    if category == "Mn":
        accent = unicodedata.combining(letter)
        return not (accent in _ACCENTS or accent in _POINTS or _is_selector(letter))
    return category != "Me" and (category != "Cf" or letter == _ZERO_WIDTH_SPACE)


def _is_selector(letter: str) -> bool:
    return letter == "\u034f" or "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _shape(letter: str) -> str:
    if unicodedata.category(letter) in ("Mn", "Mc"):
        return MARK
    return " " if letter == MARK else letter
