"""The words of a text, as they are searched for: the same ones whatever the database.

What is in the index was made by this. Who changes it adds a step that empties the index.
"""

from __future__ import annotations

import re
import unicodedata

MOST_CHARS = 64
"""Characters of a word; longer ones are found by their beginning."""
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts that put no spaces between words: each of their characters counts as one."""
WORD = re.compile(rf"[{CJK}]|[^\W_{CJK}]+")


def words_of(text: str) -> list[str]:
    """Give each word of `text` once, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    folded = unicodedata.normalize("NFC", bare)
    return list(dict.fromkeys(word[:MOST_CHARS] for word in WORD.findall(folded)))
