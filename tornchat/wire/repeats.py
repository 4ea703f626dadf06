"""Refusing what is doubtful: keys that are there twice, and what can't be read at all."""

from __future__ import annotations

import json

import msgspec

from tornchat.errors import ChatError

MOST_KEYS = 100
STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
"""A JSON string, as a regular expression."""


def refuse_repeated_keys(payload: bytes) -> None:
    """Raise `ChatError` if an object has a key twice: readers would differ in what was said.

    Only what is not of the usual, plain form comes here, since this costs many times the decoding.
    """
    try:
        json.loads(payload, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise ChatError("invalid_json", str(error)[:200]) from None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A key is there more than once.")
    if len(found) > MOST_KEYS:
        raise ValueError("There are too many keys.")
    return found


def unreadable(error: Exception, client_id: str | None = None) -> ChatError:
    """Say in words for its sender why a frame can't be read."""
    if isinstance(error, msgspec.ValidationError):
        return ChatError(
            "invalid_message", f"The message does not have the documented form: {error}.", None, client_id
        )
    return ChatError("invalid_json", "", None, client_id)
