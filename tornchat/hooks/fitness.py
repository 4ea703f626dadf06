"""Refuses plugins whose methods would never be called, or not as their author expects."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any, NamedTuple

from tornchat.errors import SettingsError
from tornchat.hooks.specs import HOOKS, PROJECT

CHANGING = ("store_messages", "read_messages", "read_changed", "read_marks", "find_stored")
"""The hooks of a storage plugin with `changes = True`."""


class Method(NamedTuple):
    """A method that `@hookimpl` marks: its name, the hook that it implements, and pluggy's options."""

    name: str
    hook: str
    function: Callable[..., Any]
    options: Mapping[str, Any]


def refuse_misfits(name: str, plugin: object) -> None:
    """Raise `SettingsError` if the plugin with this name does not fit the hooks."""
    _refuse_unmarked(name, type(plugin))
    for method in _methods(plugin):
        _refuse_options(name, method)
        _refuse_unknown(name, method)
        _refuse_arguments(name, method)
        _refuse_waiting(name, method)
    _refuse_incapable(name, plugin)


def _refuse_incapable(name: str, plugin: object) -> None:
    """Refuse a storage that says that messages can change in it, and lacks a hook that this requires."""
    if getattr(plugin, "changes", False) is not True:
        return
    missing = [hook for hook in CHANGING if not hasattr(plugin, hook)]
    if missing:
        raise SettingsError(
            f"The plugin {name} has changes = True and lacks {', '.join(missing)}.",
            "Write these hooks, or remove changes = True.",
        )


def closest(word: str, otherwise: str) -> str:
    """Return a question with the hook whose name is like `word`; `otherwise` if there is none."""
    near = difflib.get_close_matches(word, list(HOOKS), n=1)
    return f"Did you mean {near[0]}?" if near else otherwise


def _methods(plugin: object) -> list[Method]:
    found = []
    for name in dir(type(plugin)):
        options = getattr(getattr(type(plugin), name, None), f"{PROJECT}_impl", None)
        if options is not None:
            found.append(Method(name, options["specname"] or name, getattr(plugin, name), options))
    return found


def _refuse_unmarked(name: str, factory: type) -> None:
    for hook in HOOKS:
        method = getattr(factory, hook, None)
        if method is not None and not hasattr(method, f"{PROJECT}_impl"):
            raise SettingsError(
                f"The plugin {name} has a method {hook} without a mark.", "Put @hookimpl over it."
            )


def _refuse_options(name: str, method: Method) -> None:
    if method.options["optionalhook"]:  # pluggy would not check the name, so a misspelt hook is never called
        raise SettingsError(
            f"The plugin {name} marks {method.name} as an optionalhook.", "Use a plain @hookimpl."
        )
    if any(method.options[option] for option in ("tryfirst", "trylast", "wrapper", "hookwrapper")):
        raise SettingsError(
            f"The plugin {name} marks {method.hook} as a wrapper, tryfirst or trylast.",
            "The order in [tornchat] plugins is the only order; use a plain @hookimpl.",
        )


def _refuse_unknown(name: str, method: Method) -> None:
    if method.hook not in HOOKS:
        raise SettingsError(
            f"The plugin {name} marks {method.name}, and there is no hook {method.hook}.",
            closest(method.hook, "docs/hooks names every hook and its arguments."),
        )


def _refuse_arguments(name: str, method: Method) -> None:
    """Refuse arguments that pluggy does not pass: unknown, with a default, or keyword-only."""
    passed = inspect.signature(HOOKS[method.hook].function).parameters
    taken = inspect.signature(method.function).parameters.values()
    plain = {p.name for p in taken if p.kind is Parameter.POSITIONAL_OR_KEYWORD and p.default is p.empty}
    unknown = ", ".join(sorted(plain - set(passed)))
    if unknown:
        raise SettingsError(
            f"The plugin {name} takes {unknown} in {method.hook}; it passes {', '.join(passed) or 'none'}.",
            "docs/hooks names every hook and its arguments.",
        )
    unfilled = sorted({p.name for p in taken} - plain)
    if unfilled:
        raise SettingsError(
            f"The plugin {name} would never be given {', '.join(unfilled)} in {method.hook}.",
            "Take the hook's arguments as plain ones, without a default; docs/hooks names them.",
        )


def _refuse_waiting(name: str, method: Method) -> None:
    if not HOOKS[method.hook].waits and inspect.iscoroutinefunction(method.function):
        raise SettingsError(
            f"The plugin {name} has an async {method.hook}, which is called without being awaited.",
            f"Make it a plain function: def {method.hook}.",
        )
