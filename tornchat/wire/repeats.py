"""Errors for messages with repeated keys and for messages that can't be decoded."""

from __future__ import annotations

import json

import msgspec

from tornchat.errors import ChatError

MOST_KEYS = 100
STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
"""Regular expression that matches a JSON string."""


def refuse_repeated_keys(payload: bytes) -> None:
    """Raise `ChatError` if an object has a repeated key, because JSON parsers differ in which value they use.

    This costs much more than decoding. Callers therefore use it only for messages not in the usual form.
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
    """Return the error that tells the sender why its message can't be decoded."""
    if isinstance(error, msgspec.ValidationError):
        return ChatError(
            "invalid_message", f"The message does not have the documented form: {error}.", None, client_id
        )
    return ChatError("invalid_json", "", None, client_id)
