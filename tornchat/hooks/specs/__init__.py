"""Every hook: its types, its verb, and the promise made. One module per role or two.

The verbs say how the answers of several plugins are combined; `tornchat.hooks` carries them out.

==========  ==========================================================================================
`ask`       plugins in the order of the settings; the first answer that is not None wins
`one`       exactly one loaded plugin provides it; None is an answer
`chain`     each plugin gets what the one before returned, and may refuse
`collect`   everybody's answers; a failing plugin's are left out and it is named in the log
`startup`   in order; a failure stops the start
`tell`      everybody; failures are logged with the plugin's name and contained
==========  ==========================================================================================

A hook may be a plain function or `async def`. A plain one must return at once: it runs on the event
loop. Every hook has a deadline in seconds, which `[deadlines] <hook>` in the settings changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tornchat.hooks.specs import (
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
)
from tornchat.hooks.specs.handle import ChatHandle
from tornchat.hooks.specs.promise import PROJECT, Promise, hookimpl

MODULES = (
    life,
    auth,
    storage,
    directory,
    filters,
    moderation,
    search,
    broadcast,
    presence,
    events,
    extensions,
)
"""In the order in which the docs tell of them."""
SPECS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: spec for module in MODULES for name, spec in vars(module).items() if hasattr(spec, "promise")}
)
"""Hook name -> its declaration."""

__all__ = ["MODULES", "PROJECT", "SPECS", "ChatHandle", "Promise", "hookimpl"]
