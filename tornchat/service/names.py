# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""Names that people see: a guest's name made plain, and a key by which names that look alike are equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from tornchat.errors import ChatError

MOST_CHARS = 64
MOST_MARKS = 2
"""Combining marks on one letter; more of them cover the lines above and below."""
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Categories of characters that no name has: controls, direction marks, unassigned and private ones."""
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that show nothing although their category says otherwise."""
_ALIKE: Mapping[str, str] = MappingProxyType(
    {
        "a": "аαɑᴀạ@4ꓮᎪⲁ",
        "b": "ьвβʙɓꓐᏴᏏⲃ",
        "c": "сϲᴄ¢çꓚᏟⲥ",
        "d": "ԁɗᴅđꓓᎠ",
        "e": "еєҽεᴇɛ3ꓰᎬⲉ",
        "f": "ƒғꓝ",
        "g": "ɡցɢꓖᏀ",
        "h": "һнհʜꓧᎻᏂⲏ",
        "i": "іıιɩɪјⅰ!1|lӏⅼłɭȷյjʟїꓲꓡꓙᎥᎫᏞⲓ",
        "k": "кκᴋĸꓗᏦⲕ",
        "m": "мⅿᴍꓟᎷⲙ",
        "n": "пηոɴиꓠⲛ",
        "o": "оοօσᴏøө0ꓳⲟଠ०০੦૦୦௦౦೦൦๐໐၀",
        "p": "рρᴘꓑᏢⲣ",
        "q": "ԛգ",
        "r": "гʀᴦꓣᎡᏒ",
        "s": "ѕꜱ$5ʂꓢᏚ",
        "t": "тτᴛŧꓔᎢⲧ",
        "u": "υսᴜμꓴ",
        "v": "ѵνᴠꓦᏙ",
        "w": "ԝωᴡшщꓪᎳᏔ",
        "x": "хχ×ⅹꓫⲭ",
        "y": "уүγʏўꓬᎩⲩ",
        "z": "ᴢʐ2ꓜᏃⲍ",
    }
)
"""Letter -> characters that are taken for it, after compatibility folding and casefolding.

They are of Latin, Greek, Cyrillic, Armenian, Coptic, Cherokee and Lisu, and the zeros of other scripts.
"""
_ASCII = tuple(map(chr, range(128)))
_UNSEEN_ASCII = MappingProxyType({ord(one): None for one in _ASCII if unicodedata.category(one)[0] in "CZ"})
_PUNCTUATION = MappingProxyType({ord(one): None for one in _ASCII if unicodedata.category(one)[0] == "P"})
_FOLD = MappingProxyType({ord(one): letter for letter, several in _ALIKE.items() for one in several})


def plain_name(name: str) -> str:
    """Return a guest's name in NFC, trimmed, with single plain spaces.

    Raises `ChatError` (`invalid_message`) for characters that are not seen, for too many marks on a letter,
    for more than `MOST_CHARS` characters, and if nothing is left.
    """
    plain = " ".join(unicodedata.normalize("NFC", name).split(" "))
    plain = " ".join("".join(" " if unicodedata.category(one) == "Zs" else one for one in plain).split())
    if not 1 <= len(plain) <= MOST_CHARS:
        raise ChatError("invalid_message", f"A name has 1 to {MOST_CHARS} characters.")
    if _FILLERS.search(plain) or any(unicodedata.category(one) in _UNSEEN for one in plain):
        raise ChatError("invalid_message", "The name holds a character that is not seen.")
    if _marks(plain) > MOST_MARKS or not name_key(plain):
        raise ChatError("invalid_message", "The name has no letter, or too many marks on one.")
    return plain


@lru_cache(maxsize=16384)
def name_key(name: str) -> str:
    """Return a text that is the same for names that look alike; "" for a name that shows nothing.

    Case, accents, spaces, punctuation and invisible characters don't count, and a letter of another script
    is the Latin one that it looks like.
    """
    bare = name.lower().translate(_UNSEEN_ASCII) if name.isascii() else _bare(name)
    alike = bare.translate(_FOLD).replace("rn", "m").replace("vv", "w")
    solid = alike.translate(_PUNCTUATION) if alike.isascii() else _solid(alike)
    return solid or alike


def _bare(name: str) -> str:
    """Return the name folded, without what is not seen."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold()).casefold()
    return "".join(
        one for one in folded if unicodedata.category(one)[0] not in "MCZ" and not _FILLERS.match(one)
    )


def _solid(name: str) -> str:
    """Return the name without punctuation."""
    return "".join(one for one in name if unicodedata.category(one)[0] != "P")


def _marks(name: str) -> int:
    """Return the largest number of combining marks in a row."""
    most = run = 0
    for one in unicodedata.normalize("NFD", name):
        run = run + 1 if unicodedata.combining(one) else 0
        most = max(most, run)
    return most
