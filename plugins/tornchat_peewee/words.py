"""Splitting of texts into words for search, identical for all databases.

The index contains the results of this module. A change to it requires a migration step that empties the
index.
"""

from __future__ import annotations

import re
import unicodedata

MOST_CHARS = 64
"""Maximum length of a word in characters; longer words are truncated."""
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts without spaces between words. Each of their characters is treated as a word."""
WORD = re.compile(rf"[{CJK}]|[^\W_{CJK}]+")


def words_of(text: str) -> list[str]:
    """Return the distinct words of `text`, case-folded and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    folded = unicodedata.normalize("NFC", bare)
    return list(dict.fromkeys(word[:MOST_CHARS] for word in WORD.findall(folded)))
