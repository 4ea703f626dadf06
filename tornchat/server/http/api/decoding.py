"""Strict decoding of requests into typed inputs. Errors contain the path of the invalid value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from tornado.httputil import HTTPServerRequest

from tornchat.errors import ChatError
from tornchat.server.http.api.endpoint import Endpoint, fields_of
from tornchat.server.http.api.problems import InputError, Problem
from tornchat.wire import refuse_repeated_keys

MOST_PARAMETERS = 50
ON, OFF = ("1", "true"), ("0", "false")
"""How a switch is written in a query."""
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,308})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")


def inputs(endpoint: Endpoint, request: HTTPServerRequest, segments: tuple[str, ...]) -> dict[str, object]:
    """Decode the inputs that the endpoint's function declares. Raises `Problem` (415, 422)."""
    found: dict[str, object] = {}
    for source, form in endpoint.inputs.items():
        if source == "path":
            found[source] = _convert(dict(zip(endpoint.parameters, segments, strict=True)), form, source)
        elif source == "query":
            found[source] = _convert(_query(request.query), form, source)
        elif source == "headers":
            found[source] = _convert(_headers(request, form), form, source)
        else:
            found[source] = _body(request, form)
    if "query" not in endpoint.inputs and request.query:
        raise _misfit("query", "This call takes no query.")
    return found


def _query(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", strict_parsing=True, max_num_fields=MOST_PARAMETERS
        )
    except ValueError as error:
        if not text:
            return {}
        words = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it is no list of name=value"
        raise _misfit("query", f"The query can't be read: {words}.") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _misfit("query", "A parameter is there more than once.")
    return found


def _headers(request: HTTPServerRequest, form: type[msgspec.Struct]) -> dict[str, str]:
    found = {}
    for field in fields_of(form):
        values = request.headers.get_list(field.encode_name)
        if len(values) > 1:
            raise _misfit(f"headers.{field.encode_name}", "It is there more than once.")
        if values:
            found[field.encode_name] = values[0]
    return found


def _body(request: HTTPServerRequest, form: type[msgspec.Struct]) -> object:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem("unsupported_media_type", "Send the body as application/json.")
    try:
        found = msgspec.json.decode(request.body, type=form)
        refuse_repeated_keys(request.body)
    except msgspec.ValidationError as error:
        raise _from_msgspec(error, "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("invalid_json", "The body is not valid JSON.") from None
    except ChatError as error:
        raise Problem(error.code, f"The body is not plain JSON: {error.text}") from None
    return found


def _convert(values: Mapping[str, str], form: type[msgspec.Struct], source: str) -> object:
    # msgspec's `strict=False` would convert the string "null" to None, but it may be the name of a room.
    types = {field.encode_name: _plain_types(field.type) for field in fields_of(form)}
    typed = {name: _typed(text, types.get(name, set())) for name, text in values.items()}
    try:
        return msgspec.convert(typed, form)
    except msgspec.ValidationError as error:
        raise _from_msgspec(error, source) from None


def _plain_types(form: Any) -> set[Any]:
    """Return the types in an annotation, such as a union. Any: annotations have no common type."""
    if get_origin(form) is Annotated:
        return _plain_types(get_args(form)[0])
    return {form}.union(*map(_plain_types, get_args(form)))


def _typed(text: str, types: set[Any]) -> bool | int | float | str:
    """Convert a switch or a JSON number if the field is one. Other texts are unchanged and later refused."""
    if bool in types and text in ON + OFF:
        return text in ON
    if int in types and _WHOLE.fullmatch(text):
        return int(text)
    if float in types and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _from_msgspec(error: msgspec.ValidationError, source: str) -> Problem:
    what, _, path = str(error).partition(" - at `$")
    # The only part of the input that msgspec quotes is the name of an unknown field.
    name = re.search(r"unknown field `(.*)`$", what, re.DOTALL)
    place = f"{source}{path.strip('`')}" + (f".{json.dumps(name[1])[1:65].rstrip(chr(34))}" if name else "")
    return _misfit(place, "There is no such field." if name else what)


def _misfit(path: str, message: str) -> Problem:
    return Problem("invalid_input", f"{path}: {message}", errors=(InputError(path, message),))
