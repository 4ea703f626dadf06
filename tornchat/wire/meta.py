"""The `meta` of messages: a JSON object that the server does not interpret, kept and sent on as text."""

from __future__ import annotations

from typing import Annotated, TypeAlias, cast

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError

_Anything: TypeAlias = Annotated[
    object, Meta(description="Any JSON value.", extra_json_schema={"title": "Anything"})
]
MetaObject: TypeAlias = dict[str, _Anything]
MOST_BYTES = 8 * 1024
"""Maximum size of a `meta` as compact JSON in UTF-8."""
MOST_DEPTH = 32
"""Maximum depth: an object without objects and arrays in it has the depth 1."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(MetaObject).decode


def text_of(meta: MetaObject | None) -> str:
    """Return a decoded `meta` as compact JSON; "" for None.

    Raises `ChatError` (`invalid_message`) if it is too large or too deep.
    """
    if meta is None:
        return ""
    if _is_deeper(meta, MOST_DEPTH):
        raise ChatError("invalid_message", f"`meta` is more than {MOST_DEPTH} levels deep.")
    text = _encode(meta)
    if len(text) > MOST_BYTES:
        raise ChatError("invalid_message", f"`meta` has {len(text)} bytes; it may have {MOST_BYTES}.")
    return text.decode()


def check_text(text: str) -> None:
    """Raise `ChatError` (`invalid_message`) if `text` is no `meta` that may be sent on."""
    try:
        meta = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ChatError("invalid_message", "`meta` is not a JSON object.") from None
    if len(text.encode()) > MOST_BYTES:
        raise ChatError("invalid_message", f"`meta` has more than {MOST_BYTES} bytes.")
    text_of(meta)


def is_text(text: str) -> bool:
    """Return whether `check_text` accepts it."""
    try:
        check_text(text)
    except ChatError:
        return False
    return True


def spliced(text: str) -> MetaObject | None:
    """Return what msgspec encodes as `text`; None for "".

    The text was checked when it was accepted. It is not decoded and encoded again for every frame.
    """
    return cast("MetaObject", msgspec.Raw(text.encode())) if text else None


def _is_deeper(value: object, levels: int) -> bool:
    """Return whether objects and arrays are nested in more than `levels` levels. Never recurses deeper."""
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value)
    return False
