"""Marks: the sets of short tokens that users have on messages: which may be, and how they are counted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

MOST_USERS = 20
"""Maximum number of users of a token that are told with a message."""
MOST_CODE_POINTS = 32
"""Maximum length of a token."""
MOST_TOKENS = 20
"""Maximum number of tokens that one user may have on one message, of one kind."""
MOST_DISTINCT = 50
"""Maximum number of different tokens on one message, of one kind."""
SELECTORS = frozenset(
    map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""The variation selectors, which change how a character looks, and not which one it is."""
CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""The categories of controls, surrogates and separators of lines, which no token has."""
DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""The controls of the direction of text, which would change what is shown beside a token."""


class Tally(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How many users have marked a message with a token, and their ids, in the order in which they did.

    `users` is empty when more than `MOST_USERS` have, and then until nobody has.
    """

    count: int
    users: tuple[str, ...] = ()


Tallies: TypeAlias = dict[str, dict[str, Tally]]
"""The marks of a message: kind -> token -> tally. Tokens that nobody has are left out, and so are kinds."""


class Mark(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One user's whole set of tokens on a message, which replaces the one before.

    A draft: `most` is how many different tokens of its kind the message may have (0: any number). An entry
    has the difference to the set before, and in `counts` how many users have each of these tokens from then
    on. If the message was deleted since, an entry has none of it.
    """

    tokens: tuple[str, ...] = ()
    most: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    counts: dict[str, int] = {}


class MarkChange(msgspec.Struct, frozen=True, gc=False):
    """Which tokens a user has added to and removed from a message."""

    user_id: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


class MarkSet(msgspec.Struct, frozen=True, gc=False):
    """The tokens of one kind that a user has on the message `target`, since the entry at `position`."""

    target: int
    kind: str
    user_id: str
    tokens: tuple[str, ...]
    position: int


def normal(tokens: Sequence[str], most: int = MOST_TOKENS) -> tuple[str, ...]:
    """Return the tokens in normal form C without variation selectors, each once.

    Raises `ValueError`, with a sentence for the sender, for a token that may not be one, and for more than
    `most`.
    """
    found = tuple(dict.fromkeys(map(_normal, tokens)))
    if len(found) > most:
        raise ValueError(f"There are {len(found)} tokens; at most {most} are allowed.")
    return found


def _normal(token: str) -> str:
    found = unicodedata.normalize("NFC", "".join(sign for sign in token if sign not in SELECTORS))
    if not 1 <= len(found) <= MOST_CODE_POINTS or found.isspace():
        raise ValueError(f"A token has 1 to {MOST_CODE_POINTS} characters, and not only spaces.")
    if any(unicodedata.category(sign) in CONTROLS or _turns(sign) for sign in found):
        raise ValueError("A token has no control characters and no lone surrogates.")
    return found


def _turns(sign: str) -> bool:
    return unicodedata.bidirectional(sign) in DIRECTIONS


def counted(
    before: Mapping[str, Tally], counts: Mapping[str, int], changes: Iterable[MarkChange]
) -> dict[str, Tally]:
    """Return the tallies after these changes, in their order; `counts` are those of the changed tokens then.

    A change that is part of `before` already does no harm.
    """
    users = {token: list(before[token].users) if token in before else [] for token in counts}
    for change in changes:
        for token in change.removed:
            if change.user_id in users.get(token, ()):
                users[token].remove(change.user_id)
        for token in change.added:
            if token in users and change.user_id not in users[token]:
                users[token].append(change.user_id)
    after = dict(before)
    for token, count in counts.items():
        if count > 0:
            known = len(users[token]) == count <= MOST_USERS
            after[token] = Tally(count, tuple(users[token]) if known else ())
        else:
            after.pop(token, None)
    return after
