"""Runs a plugin's function so that no exception of it ends more than its own call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
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


def started(answer: Awaitable[Any]) -> asyncio.Future[Any]:
    """Return a future of the answer: the answer itself if it is one, so that no task is made for it.

    Take the result with `result_of`.
    """
    if isinstance(answer, asyncio.Future) and answer.get_loop() is asyncio.get_running_loop():
        return answer
    return asyncio.ensure_future(_awaited(answer))


async def _awaited(answer: Awaitable[Any]) -> Any:
    """Await the answer. asyncio would let a `SystemExit` of its task end the whole event loop."""
    try:
        return await answer
    except (Exception, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _contained(error) from None


def result_of(call: asyncio.Future[Any]) -> Any:
    """Return the result of a finished call, a future of the plugin's own perhaps, with any exception."""
    try:
        return call.result()
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _contained(error) from None


async def finished(call: asyncio.Future[Any], seconds: float) -> None:
    """Wait until the call has finished, at most `seconds`. Does not cancel it, and raises nothing of it."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    wake = partial(_wake, waiter)
    timer = loop.call_later(seconds, wake)
    call.add_done_callback(wake)
    try:
        await waiter
    finally:
        timer.cancel()
        call.remove_done_callback(wake)


def _wake(waiter: asyncio.Future[None], *_: object) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _contained(error: BaseException) -> Escaped:
    return Escaped(f"it raised {type(error).__name__}").with_traceback(error.__traceback__)
