"""The hook specifications: signature, verb, deadline and contract of each hook, in one module per topic.

The verb defines how the answers of several plugins are combined; `tornchat.hooks.caller` implements it.

==========  ==========================================================================================
`ask`       plugins are called in the order of the settings; the first answer that is not None wins
`one`       exactly one loaded plugin provides the hook; None is a valid answer
`chain`     each plugin receives the result of the previous plugin, and may refuse
`collect`   all plugins are called; the answer of a plugin that fails is left out, and the failure is logged
`startup`   plugins are called in the order of the settings; a failure stops the start
`tell`      all plugins are notified; a failure is logged with the plugin's name and has no other effect
==========  ==========================================================================================

A hook may be a plain function or `async def`. A plain function runs on the event loop and must not block.
Every hook has a deadline in seconds, which `[deadlines] <hook>` in the settings overrides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tornchat.hooks.specs import (
    audit,
    auth,
    broadcast,
    directory,
    events,
    extensions,
    filters,
    life,
    moderation,
    presence,
    search,
    storage,
    users,
)
from tornchat.hooks.specs.handle import ChatHandle
from tornchat.hooks.specs.promise import PROJECT, Promise, hookimpl

MODULES = (
    life,
    auth,
    storage,
    directory,
    users,
    filters,
    moderation,
    audit,
    search,
    broadcast,
    presence,
    events,
    extensions,
)
"""The specification modules, in the order in which the documentation lists them."""
SPECS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: spec for module in MODULES for name, spec in vars(module).items() if hasattr(spec, "promise")}
)
"""Hook name -> its declaration."""

__all__ = ["MODULES", "PROJECT", "SPECS", "ChatHandle", "Promise", "hookimpl"]
