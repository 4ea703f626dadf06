"""Calls one plugin's implementation of a hook. This is the only module that calls plugins.

How a hook is called stands in its declaration and nowhere else: its deadline, the exceptions it may raise and
the answers it may give. A plugin that raises, returns an invalid value or hangs fails only the operation that
called it. The failure is logged with the plugin's name, and the caller gets `Unavailable`, never a negative
answer.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Mapping, Sequence
from time import perf_counter
from typing import Any

from tornchat.errors import Unavailable
from tornchat.hooks.blame import Blame
from tornchat.hooks.consumer import Batch, Consumer
from tornchat.hooks.frames import CodePlace, waiting_frames
from tornchat.hooks.guard import called, finished, result_of, started
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.specs import HOOKS
from tornchat.hooks.specs.consumers import consumers

CONSUMERS = consumers.name


class Caller:
    """Calls the plugins of one chat. `close` cancels calls that are still running after their deadline."""

    def __init__(self, deadlines: Mapping[str, float]) -> None:
        """`deadlines`: hook name -> seconds, in the place of the declared deadline."""
        self._deadlines = {name: deadlines.get(name, hook.promise.deadline) for name, hook in HOOKS.items()}
        self._strays: set[asyncio.Future[Any]] = set()
        self.blame = Blame()

    def deadline(self, hook: str) -> float:
        """Return the deadline of `hook` in seconds."""
        return self._deadlines[hook]

    async def close(self) -> None:
        """Cancel the calls that missed their deadline."""
        for stray in self._strays:
            stray.cancel()
        if self._strays:
            await asyncio.wait(self._strays, timeout=1.0)

    async def call(self, implementation: Implementation, arguments: tuple[object, ...]) -> Any:
        """Call and wait for the answer. Raises `Unavailable`, and what the hook's promise allows."""
        began = perf_counter()
        try:
            answer = called(implementation, arguments)
            if answer.__class__ is not implementation.declared.exact and inspect.isawaitable(answer):
                answer = await self._within(implementation, answer, self._deadlines[implementation.hook])
        except Exception as error:
            raise self._raised(implementation, error) from None
        finally:
            implementation.seconds.observe(perf_counter() - began)
        if self.blame.down:
            self.blame.answered(implementation)
        if answer.__class__ is implementation.declared.exact:
            return answer
        return self._accepted(implementation, answer, implementation.declared.verb != "collect")

    async def contained(self, implementation: Implementation, arguments: tuple[object, ...]) -> Any:
        """Call and wait for the answer; None if the plugin fails. Raises nothing."""
        try:
            return await self.call(implementation, arguments)
        except Unavailable:
            return None  # the failure has been logged

    async def take(self, plugin: str, consumer: Consumer, batch: Batch) -> None:
        """Hand a batch to a plugin's consumer. Raises `Unavailable` if it was not taken."""
        taken = Implementation(plugin, CONSUMERS, consumer.take)
        try:
            answer = called(taken, (batch,))
            if inspect.isawaitable(answer):
                await self._within(taken, answer, consumer.deadline)
        except Exception as error:
            raise self._raised(taken, error) from None
        if self.blame.down:
            self.blame.answered(taken)

    def call_now(self, implementation: Implementation, arguments: tuple[object, ...]) -> Any:
        """Call a plain function. Raises `Unavailable`, and what the hook's promise allows."""
        began = perf_counter()
        try:
            answer = called(implementation, arguments)
        except Exception as error:
            raise self._raised(implementation, error) from None
        finally:
            implementation.seconds.observe(perf_counter() - began)
        if inspect.iscoroutine(answer):
            answer.close()  # refused below; it must not warn that it was never awaited
        return self._accepted(implementation, answer)

    def begin(self, found: Implementation, *arguments: object) -> asyncio.Future[object]:
        """Start a call without a deadline. Only one such call of an implementation may run at a time."""
        found.began = perf_counter()
        call: asyncio.Future[object]
        try:
            answer = called(found, arguments)
            if isinstance(answer, asyncio.Future) or inspect.isawaitable(answer):
                return started(answer)
            call = asyncio.get_running_loop().create_future()
            call.set_result(answer)
        except Exception as error:
            call = asyncio.get_running_loop().create_future()
            call.set_exception(error)
        return call

    def outcome(self, call: asyncio.Future[object], implementation: Implementation) -> object:
        """Return the answer of a finished call of a `Begun` hook. Raises like other calls."""
        implementation.seconds.observe(perf_counter() - implementation.began)
        try:
            return self._accepted(implementation, result_of(call), with_items=False)
        except Exception as error:
            raise self._raised(implementation, error) from None

    async def _within(self, implementation: Implementation, answer: Awaitable[Any], seconds: float) -> Any:
        """Wait `seconds` for an answer at most, even if the plugin ignores its cancellation."""
        call = started(answer)
        self._strays.add(call)
        call.add_done_callback(self._ended)
        frames: Sequence[CodePlace] = ()
        try:
            await finished(call, seconds)
        finally:
            if not call.done():
                frames = waiting_frames(answer)
                call.cancel()
        if not call.done() or call.cancelled():
            late = TimeoutError(f"no answer within {seconds:g} s")
            raise self.blame.failed(implementation, late, "timeout", frames)
        return result_of(call)

    def _ended(self, call: asyncio.Future[Any]) -> None:
        self._strays.discard(call)
        if not call.cancelled():
            call.exception()  # keeps asyncio from reporting that the exception was never retrieved

    def _raised(self, implementation: Implementation, error: BaseException) -> Exception:
        """Return the exception to raise for one that a call has raised."""
        if isinstance(error, implementation.declared.promise.raises) and isinstance(error, Exception):
            return self.blame.passed_on(implementation, error)
        if isinstance(error, Unavailable):
            return self.blame.unavailable(implementation, error)
        return self.blame.failed(implementation, error)

    def _accepted(self, implementation: Implementation, answer: Any, with_items: bool = True) -> Any:
        """Return the answer to use. Raises `Unavailable` if it is not what the hook promises."""
        declared = implementation.declared
        words = declared.answer.misfit(answer, with_items)
        if words:
            raise self.blame.failed(implementation, TypeError(words), "junk")
        accept = declared.promise.accept
        if accept is None or answer is None:
            return answer
        try:
            return accept(answer)
        except (TypeError, ValueError) as error:
            raise self.blame.failed(implementation, error.with_traceback(None), "junk") from None
