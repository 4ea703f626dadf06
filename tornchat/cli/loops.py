"""Selection of the event loop of the server: asyncio or uvloop."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TypeAlias

from tornchat.errors import SettingsError

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]


def factory(wanted: str) -> LoopFactory:
    """Return the factory of the loop for the setting `[tornchat] loop`. `auto`: uvloop if installed.

    Raises `SettingsError` if the loop is not installed.
    """
    if wanted == "asyncio":
        return asyncio.new_event_loop
    try:
        made: LoopFactory = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        if wanted == "auto":
            return asyncio.new_event_loop
        raise SettingsError(
            "[tornchat] loop = uvloop, which is not installed.",
            "Install it with pip install 'tornchat[fast]', or set loop = auto.",
        ) from None
    return made


def name(loop: asyncio.AbstractEventLoop) -> str:
    """Return the name of a loop as used in the settings."""
    return type(loop).__module__.partition(".")[0]
