"""The declaration of a hook: a function signature with a `Promise`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
import pluggy

PROJECT = "tornchat"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Decorator that marks a plugin's method as the implementation of the hook of the same name."""
_hookspec = pluggy.HookspecMarker(PROJECT)

Verb: TypeAlias = Literal["ask", "one", "chain", "collect", "startup", "tell"]
Function = TypeVar("Function", bound=Callable[..., Any])


class Promise(msgspec.Struct, frozen=True):
    """How a hook is called: its verb, deadline (seconds) and role, and whether a plugin must provide it."""

    verb: Verb
    deadline: float
    role: str
    required: bool = False


def hookspec(
    verb: Verb, *, role: str, deadline: float = 5.0, required: bool = False
) -> Callable[[Function], Function]:
    """Return a decorator that declares a hook and attaches its `Promise`."""

    def declare(function: Function) -> Function:
        function.promise = Promise(verb, deadline, role, required)  # type: ignore[attr-defined]
        return _hookspec(function)

    return declare
