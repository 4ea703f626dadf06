"""What a hook is: a function with a promise, declared here once for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
import pluggy

PROJECT = "tornchat"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's method as the implementation of the hook of that name."""
_hookspec = pluggy.HookspecMarker(PROJECT)

Verb: TypeAlias = Literal["ask", "one", "chain", "collect", "startup", "tell"]
Function = TypeVar("Function", bound=Callable[..., Any])


class Promise(msgspec.Struct, frozen=True):
    """How a hook is called: its verb, its deadline (seconds), its role, and whether one must be loaded."""

    verb: Verb
    deadline: float
    role: str
    required: bool = False


def hookspec(
    verb: Verb, *, role: str, deadline: float = 5.0, required: bool = False
) -> Callable[[Function], Function]:
    """Declare a hook together with the promise that `tornchat.hooks` keeps for it."""

    def declare(function: Function) -> Function:
        function.promise = Promise(verb, deadline, role, required)  # type: ignore[attr-defined]
        return _hookspec(function)

    return declare
