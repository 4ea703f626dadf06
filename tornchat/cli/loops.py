"""Which event loop the server runs on: asyncio's own, or uvloop."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TypeAlias

from tornchat.errors import SettingsError

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]


def factory(wanted: str) -> LoopFactory:
    """Give what makes the loop that `[tornchat] loop` names; `auto` is uvloop where it is installed.

    Raises `SettingsError` if it can't be had.
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
    """What a running loop is called in the settings."""
    return type(loop).__module__.partition(".")[0]
