"""The `meta` and `data` of messages: JSON objects that are kept and sent on as text.

The server does not interpret a `meta`. A `data` is of the type that the kind of the message declares.
"""

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
"""Maximum size of a `meta` and of a `data` as compact JSON in UTF-8."""
MOST_DEPTH = 32
"""Maximum depth: an object without objects and arrays in it has the depth 1."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(MetaObject).decode


def text_of(value: MetaObject | None, field: str = "meta") -> str:
    """Return a decoded `meta` as compact JSON; "" for None. `field` is its name in errors.

    Raises `ChatError` (`invalid_message`) if it is too large or too deep.
    """
    if value is None:
        return ""
    if _is_deeper(value, MOST_DEPTH):
        raise ChatError("invalid_message", f"`{field}` is more than {MOST_DEPTH} levels deep.")
    text = _encode(value)
    if len(text) > MOST_BYTES:
        raise ChatError("invalid_message", f"`{field}` has {len(text)} bytes; it may have {MOST_BYTES}.")
    return text.decode()


def check_text(text: str, field: str = "meta") -> None:
    """Raise `ChatError` (`invalid_message`) if `text` is no `meta` that may be sent on."""
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ChatError("invalid_message", f"`{field}` is not a JSON object.") from None
    if len(text.encode()) > MOST_BYTES:
        raise ChatError("invalid_message", f"`{field}` has more than {MOST_BYTES} bytes.")
    text_of(value, field)


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
