"""The hook specifications: signature, verb, deadline and contract of each hook, in one module per topic.

The verb defines how the answers of several plugins are combined. It is the class of the declaration, and
`tornchat.hooks.caller` implements it.

==========  ==========================================================================================
`ask`       plugins are called in the order of the settings; the first answer that is not None wins
`decide`    plugins are called in the order of the settings, each about what no plugin before it has decided
`one`       exactly one loaded plugin provides the hook; None is a valid answer
`chain`     each plugin receives the result of the previous plugin, and may refuse
`collect`   all plugins are called; the answer of a plugin that fails is left out, and the failure is logged
`in_order`  plugins are called in the order of the settings; the first failure stops the operation
`unwind`    plugins are called in reverse order; a failure is logged, and the others are still called
`tell`      all plugins are notified; a failure is logged with the plugin's name and has no other effect
==========  ==========================================================================================

A plugin implements a hook as a plain function or as `async def`, unless the hook's return type has no
`Awaitable`: then only as a plain function. A plain function runs on the event loop and must not block.
Every hook has a deadline in seconds, which `[deadlines] <hook>` in the settings overrides.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tornchat.hooks.specs import (
    audit,
    auth,
    blocks,
    broadcast,
    consumers,
    descriptions,
    direct,
    directory,
    entrykinds,
    events,
    extensions,
    filters,
    invites,
    life,
    markers,
    moderation,
    presence,
    reports,
    search,
    slow,
    storage,
    users,
)
from tornchat.hooks.specs.handle import Actions, ChatHandle
from tornchat.hooks.specs.promise import PROJECT, Hook, Promise, hookimpl

MODULES = (
    life,
    auth,
    storage,
    directory,
    descriptions,
    invites,
    direct,
    users,
    blocks,
    filters,
    entrykinds,
    moderation,
    slow,
    reports,
    markers,
    audit,
    search,
    broadcast,
    presence,
    events,
    consumers,
    extensions,
)
"""The specification modules, in the order in which the documentation lists them."""
HOOKS: Mapping[str, Hook[..., Any]] = MappingProxyType(
    {name: hook for module in MODULES for name, hook in vars(module).items() if isinstance(hook, Hook)}
)
"""Hook name -> its declaration, in the order of the documentation."""

__all__ = ["HOOKS", "MODULES", "PROJECT", "Actions", "ChatHandle", "Hook", "Promise", "hookimpl"]
