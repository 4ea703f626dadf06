"""Conversion of single values, and descriptions of those that do not fit, without the value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from msgspec import Meta

_COMMENT = re.compile(r"\s[;#](\s|$)")
_NAMES = (
    ("Number out of range", "expected a finite number"),
    ("`int`", "a whole number"),
    ("`float`", "a number"),
    ("`bool`", "yes or no"),
    ("`str`", "a text"),
)


def has_comment(given: object) -> bool:
    """Return whether a value of an ini file ends with what looks like a comment, which is none there."""
    return isinstance(given, str) and _COMMENT.search(given) is not None


def choices(form: Any) -> tuple[str, ...]:
    """Return the texts that a type of a setting allows; empty if it is not a choice."""
    if get_origin(form) is Literal:
        return tuple(choice for choice in get_args(form) if isinstance(choice, str))
    return tuple(choice for part in get_args(form) for choice in choices(part))


def misfit(words: str, form: Any, description: str) -> str:
    """Translate an error of msgspec about a value of type `form` into terms of ini files."""
    if choices(form):
        return f"expected {_listed((*_numbers(form), *choices(form)))}"
    if words.startswith("Invalid enum value"):  # the message contains the value
        return "it is none of the values that may stand here"
    if "matching regex" in words:
        return f"it does not have the form described: {description.rstrip('.')}"
    words = re.sub(r", got `\w+`$", "", words)
    for name, plain in _NAMES:
        words = words.replace(name, plain)
    return words.replace("Expected", "expected", 1)


def _listed(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _numbers(form: Any) -> tuple[str, ...]:
    """Describe the whole numbers that a choice allows as well."""
    kind, *notes = get_args(form) if get_origin(form) is Annotated else (form,)
    if kind is int:
        bounds = [f" >= {note.ge}" for note in notes if isinstance(note, Meta) and note.ge is not None]
        return ("a whole number" + "".join(bounds),)
    return tuple(number for part in get_args(kind) for number in _numbers(part))


def prepare(given: object, form: object) -> object:
    """Convert an ini value for msgspec: split lists, map yes and no, and ignore the case of choices."""
    while get_origin(form) is Annotated:
        form = get_args(form)[0]
    chosen = get_origin(form) is Literal
    if chosen and isinstance(given, bool):
        return "yes" if given else "no"
    if not isinstance(given, str):
        return [*given] if isinstance(given, (tuple, set, frozenset)) else given
    text = given.strip()
    if get_origin(form) in (tuple, list, frozenset):
        return [item for item in text.replace(",", " ").split() if item]
    if form is bool:
        return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), text.lower())
    if chosen and "yes" in get_args(form):
        return {"true": "yes", "on": "yes", "false": "no", "off": "no"}.get(text.lower(), text.lower())
    return text.lower() if text.lower() in choices(form) else text


def decode(form: type, value: object) -> object:
    if form is Path:
        if isinstance(value, (str, Path)):
            return Path(value).expanduser()
        raise TypeError("Expected a path")
    raise NotImplementedError(f"a setting of type {form} can't be read")
