"""Checks of answers beyond their type. Each returns the answer to use, or raises for one that is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from tornchat.errors import CODES
from tornchat.hooks.words import MOST_CHARS, cleaned, is_encodable, one_line
from tornchat.model import Draft, Refusal, Stored, StoreResult, User
from tornchat.wire import meta


def whole_user(user: User) -> User:
    """Accept a user whose fields have the declared types. msgspec does not check them on construction.

    The id, the username and the roles must be encodable in UTF-8 and at most `MOST_CHARS` characters long,
    because they are sent to other users.
    """
    try:
        typed = msgspec.convert(msgspec.structs.asdict(user), User, strict=True)
    except msgspec.ValidationError:
        raise TypeError("it returned a User of wrong types") from None
    if not user.id or (typed.expires_at is not None and math.isnan(typed.expires_at)):
        raise TypeError("it returned a User of wrong types")
    texts = (user.id, user.username, *user.roles)
    if not is_encodable("".join(texts)) or max(map(len, texts)) > MOST_CHARS:
        raise ValueError(f"it returned a User with a text that is not UTF-8 or over {MOST_CHARS} characters")
    # All plugins that authorize or filter receive this user, so its roles must not be a mutable set.
    return user if isinstance(user.roles, frozenset) else replace(user, roles=typed.roles)


def usable_token(token: str) -> str:
    """Accept a token that fits into a header: visible ASCII characters only."""
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise ValueError("it returned a token with characters other than visible ASCII")
    return token


def text_and_meta(draft: Draft, answer: Draft) -> Draft:
    """Accept the text and the `meta` of a filtered draft, and keep the original draft's other fields."""
    if answer is draft:
        return draft
    if not isinstance(answer.text, str):
        raise TypeError(f"it returned {type(answer.text).__name__}, not str")
    if not is_encodable(answer.text):  # storage can't write it, and would fail for the whole batch
        raise ValueError("it returned a text with a lone surrogate")
    if answer.meta == draft.meta:
        return replace(draft, text=answer.text)
    if answer.meta and not (isinstance(answer.meta, str) and meta.is_text(answer.meta)):
        raise ValueError("it returned a `meta` that is no JSON object, too large or too deep")
    return replace(draft.with_meta(answer.meta), text=answer.text)


def clean_health(health: Mapping[str, str]) -> Mapping[str, str]:
    """Make the names and descriptions safe for JSON and terminals."""
    return {one_line(name): one_line(words) for name, words in health.items()}


def clean_steps(steps: Sequence[str]) -> Sequence[str]:
    """Make the descriptions safe for terminals."""
    return [one_line(step) for step in steps]


def known_results(results: Sequence[StoreResult]) -> Sequence[StoreResult]:
    """Accept outcomes with known codes; the reason of a refusal, which its sender reads, is cleaned."""
    if {*map(type, results)} == {Stored}:
        return results
    return [result if type(result) is Stored else _clean_refusal(result) for result in results]


def _clean_refusal(result: object) -> Refusal:
    if type(result) is not Refusal or result.code not in CODES:
        raise TypeError("it did not return one result per draft")
    reason = cleaned(result.reason)
    return result if reason == result.reason else replace(result, reason=reason)
