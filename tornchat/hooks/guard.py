"""Runs a plugin's function so that no exception of it ends more than its own call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from tornchat.hooks.implementation import Implementation


class Escaped(RuntimeError):
    """A plugin raised `SystemExit`, `CancelledError` or the like, which would end more than its own call."""


def called(implementation: Implementation, arguments: tuple[object, ...]) -> Any:
    """Call the function. A plain function is never cancelled, so a `CancelledError` is its own failure."""
    try:
        return implementation.function(*arguments)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _contained(error) from None


async def awaited(answer: Awaitable[Any]) -> Any:
    """Await the answer. asyncio would let a `SystemExit` of its task end the whole event loop."""
    try:
        return await answer
    except (Exception, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _contained(error) from None


def _contained(error: BaseException) -> Escaped:
    return Escaped(f"it raised {type(error).__name__}").with_traceback(error.__traceback__)
