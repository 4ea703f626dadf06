"""The `data` of the kinds that plugins bring: decoded with the declared type, kept and sent on as text."""

from __future__ import annotations

import msgspec

from tornchat.errors import ChatError
from tornchat.wire.meta import check_text

FIELD = "data"
_encode = msgspec.json.Encoder().encode


def fitted(text: str, form: type[msgspec.Struct] | None) -> str:
    """Return a `data` that a client sent in the form in which it is stored: with the fields of its type only.

    `form` is the declared type; None if the kind has no `data`. Raises `ChatError` (`invalid_message`) if it
    does not fit, or is missing.
    """
    if form is None:
        if text:
            raise ChatError("invalid_message", "This kind has no `data`.")
        return ""
    try:
        value = msgspec.json.decode(text or "{}", type=form, strict=True)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise ChatError(
            "invalid_message", f"`data` does not fit its kind: {error}.".replace("..", ".")
        ) from None
    return text_of(value)


def text_of(value: msgspec.Struct) -> str:
    """Return a value of a declared type as JSON text.

    Raises `ChatError` (`invalid_message`) if it is no object, too large or too deep.
    """
    try:
        text = _encode(value).decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ChatError("invalid_message", f"`data` can't be stored: {error}.") from None
    check_text(text, FIELD)
    return text
