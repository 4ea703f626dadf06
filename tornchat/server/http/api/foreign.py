"""Description of routes that are not in the table, such as those of plugins, for the document.

A handler class may have an attribute `openapi`, which maps HTTP methods in lower case to OpenAPI operations.
For a handler without it, the document contains only path, methods and the first line of its docstring.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tornado.routing import PathMatches, Rule
from tornado.web import RequestHandler

from tornchat.server.http.handler import allowed_methods

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
"""The methods known to Tornado that OpenAPI permits."""
_GROUP = re.compile(r"\((?!\?[:=!<])(?:\?P<(\w+)>)?(?:[^()\\]|\\.|\([^()]*\))*\)")
_ESCAPED = re.compile(r"\\(.)")


def paths_of(routes: Iterable[Any], prefix: str) -> dict[str, dict[str, Any]]:
    """Return path under `prefix` -> method -> operation. Any: Tornado's rules, and JSON types."""
    found: dict[str, dict[str, Any]] = {}
    for pattern, handler in _rules(routes):
        path, names = _path(pattern.removeprefix(re.escape(prefix)))
        if path is not None:
            found[path] = {**_operations(handler), **_parameters(names)}
    return found


def _rules(routes: Iterable[Any]) -> Iterator[tuple[str, type[RequestHandler]]]:
    """Yield the regular expression and the handler class of the rules that have both."""
    for route in routes:
        rule = Rule(PathMatches(route[0]), route[1]) if isinstance(route, (tuple, list)) else route
        matcher, target = getattr(rule, "matcher", None), getattr(rule, "target", None)
        if (
            isinstance(matcher, PathMatches)
            and inspect.isclass(target)
            and issubclass(target, RequestHandler)
        ):
            yield matcher.regex.pattern, target


def _path(pattern: str) -> tuple[str | None, list[str]]:
    """Convert a regular expression to a path with parameters; None if that is not possible."""
    names: list[str] = []

    def named(group: re.Match[str]) -> str:
        names.append(group[1] or f"part{len(names) + 1}")
        return "{" + names[-1] + "}"

    text = _GROUP.sub(named, pattern.removeprefix("^").removesuffix("$"))
    text = _ESCAPED.sub(r"\1", text.removesuffix("/?"))
    return (text, names) if re.fullmatch(r"(/[\w.~{}@:+-]*)+", text) else (None, [])


def _operations(handler: type[RequestHandler]) -> dict[str, Any]:
    told = getattr(handler, "openapi", None)
    if isinstance(told, Mapping):
        return {method: dict(operation) for method, operation in told.items() if method in METHODS}
    summary = (inspect.getdoc(handler) or "").partition("\n\n")[0]
    minimal = {
        "summary": " ".join(summary.split()),
        "responses": {"default": {"description": "Not described."}},
    }
    return {method.lower(): minimal for method in allowed_methods(handler) if method.lower() in METHODS}


def _parameters(names: Iterable[str]) -> dict[str, Any]:
    told = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {"parameters": told} if told else {}
