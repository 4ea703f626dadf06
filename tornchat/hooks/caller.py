"""Implementation of the verbs. This is the only module that calls plugins.

It applies deadlines and the failure policy. A plugin that raises, returns an invalid value or hangs fails
only the operation that called it. The failure is logged with the plugin's name, and the caller gets
`Unavailable`, never a negative answer.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar, cast

import msgspec

from tornchat.errors import ChatError, NotStored, SettingsError, Unavailable
from tornchat.hooks import specs
from tornchat.hooks.tells import Tells
from tornchat.metrics.histogram import CALLS, Histogram
from tornchat.model import User

log = logging.getLogger("tornchat.hooks")

Answer = TypeVar("Answer")
PASSED_ON = (ChatError, NotStored, SettingsError)
"""Exceptions that a plugin raises deliberately. They reach the caller unchanged from the hooks in
`MAY_REFUSE`."""
MAY_REFUSE = frozenset(
    {
        "startup",
        "check",
        "migrate",
        "issue_token",
        "store_messages",
        "filter_message",
        "create_room",
        "set_member",
    }
)
"""Hooks that may raise `PASSED_ON`. In any other hook these exceptions count as failures, because the caller
does not handle a refusal."""


class Implementation:
    """One plugin's implementation of one hook, called with the hook's positional arguments.

    `seconds` is a histogram of call durations. `failures` counts failed calls by kind: `error` (an
    exception), `timeout`, `junk` (an invalid return value) and `unavailable` (raised by the plugin itself).
    `stalls` counts how often the implementation blocked the event loop.
    """

    __slots__ = ("began", "failures", "function", "hook", "plugin", "seconds", "stalls")

    def __init__(self, plugin: str, hook: str, function: Callable[..., Any]) -> None:
        self.plugin = plugin
        self.hook = hook
        self.function = function
        self.seconds = Histogram(CALLS)
        self.failures: Counter[str] = Counter()
        self.stalls = 0
        self.began = 0.0


class Verbs:
    """Calls the plugins of one chat. `close` cancels calls that are still running after their deadline."""

    def __init__(
        self, implementations: Mapping[str, Sequence[Implementation]], deadlines: Mapping[str, float]
    ) -> None:
        self._implementations = implementations
        self._deadlines = {
            name: deadlines.get(name, promise.deadline) for name, promise in promises().items()
        }
        self._strays: set[asyncio.Future[Any]] = set()
        self._down: set[tuple[str, str]] = set()
        self.tells = Tells(self._contained)
        self.stalls = 0
        """How often code other than a plugin's blocked the event loop."""

    def provides(self, hook: str) -> bool:
        """Return whether any loaded plugin implements `hook`."""
        return bool(self._implementations.get(hook))

    def provider(self, hook: str) -> str:
        """Return the name of the plugin that provides `hook`. Raises `SettingsError` if none does."""
        return self._sole(hook).plugin

    def implementations(self) -> Iterator[Implementation]:
        """Iterate over all implementations of all hooks."""
        for implementations in self._implementations.values():
            yield from implementations

    def deadline(self, hook: str) -> float:
        """Return the deadline of `hook` in seconds."""
        return self._deadlines[hook]

    def tell(self, hook: str, *arguments: object) -> None:
        """Queue a notification for every plugin that implements `hook`, without waiting for the calls."""
        for implementation in self._implementations.get(hook, ()):
            self.tells.put(implementation.plugin, implementation, arguments)

    async def close(self) -> None:
        """Deliver the queued notifications, then cancel the calls that missed their deadline."""
        await self.tells.close()
        for stray in self._strays:
            stray.cancel()
        if self._strays:
            await asyncio.wait(self._strays, timeout=1.0)

    # --- the verbs ---

    async def _ask(self, hook: str, form: type[Answer], *arguments: object) -> Answer | None:
        for implementation in self._implementations.get(hook, ()):
            answer = await self._call(implementation, arguments)
            if answer is not None:
                self._check(implementation, answer, form)
                return cast(Answer, answer)
        return None

    async def _one(
        self, hook: str, form: type[Answer], *arguments: object, optional: bool = False
    ) -> Answer | None:
        implementation = self._sole(hook)
        answer = await self._call(implementation, arguments)
        if answer is not None or not optional:
            self._check(implementation, answer, form)
        return cast("Answer | None", answer)

    async def _collect(self, hook: str, form: type, *arguments: object) -> list[tuple[str, Any]]:
        """Return the answers of all plugins as (plugin, answer). None is a failed call, which is logged."""
        return [
            (implementation.plugin, await self._contained(implementation, arguments, form))
            for implementation in self._implementations.get(hook, ())
        ]

    async def _contained(
        self, implementation: Implementation, arguments: tuple[object, ...], form: type = object
    ) -> Any:
        try:
            answer = await self._call(implementation, arguments)
            self._check(implementation, answer, form)
            return answer
        except Unavailable:
            return None  # logged where the failure occurred
        except PASSED_ON as error:
            self._failed(implementation, error)
            return None

    async def _call(self, implementation: Implementation, arguments: tuple[object, ...]) -> Any:
        began = perf_counter()
        try:
            answer = _called(implementation, arguments)
            if inspect.isawaitable(answer):
                answer = await self._within(implementation, answer)
        except Unavailable as error:
            self._note_down(implementation, error)
            raise
        except Exception as error:
            if isinstance(error, PASSED_ON) and implementation.hook in MAY_REFUSE:
                raise
            raise self._failed(implementation, error) from None
        finally:
            implementation.seconds.observe(perf_counter() - began)
        if self._down:
            self._note_up(implementation)
        return answer

    def _note_down(self, implementation: Implementation, error: Unavailable) -> None:
        """Log, once per outage, that a plugin raised `Unavailable`. A failure has been logged already."""
        if isinstance(error, _Failed):
            return
        known = (implementation.plugin, implementation.hook)
        implementation.failures["unavailable"] += 1
        if known not in self._down:
            self._down.add(known)
            facts = {"event": "hook_down", "plugin": known[0], "hook": known[1], "reason": str(error)}
            log.warning("plugin %(plugin)s can't answer %(hook)s: %(reason)s", facts, extra=facts)

    def _note_up(self, implementation: Implementation) -> None:
        known = (implementation.plugin, implementation.hook)
        if known in self._down:
            self._down.discard(known)
            facts = {"event": "hook_up", "plugin": known[0], "hook": known[1]}
            log.info("plugin %(plugin)s answers %(hook)s again", facts, extra=facts)

    def _at_once(self, implementation: Implementation, *arguments: object) -> Any:
        """Call a synchronous hook. Raises `Unavailable`."""
        began = perf_counter()
        try:
            return _called(implementation, arguments)
        except Exception as error:
            raise self._failed(implementation, error) from None
        finally:
            implementation.seconds.observe(perf_counter() - began)

    @staticmethod
    def _begin(implementation: Implementation, arguments: tuple[object, ...]) -> asyncio.Future[Any]:
        """Start a call without a deadline. `_outcome` returns its result after it has ended.

        Only one such call of an implementation may run at a time.
        """
        implementation.began = perf_counter()
        try:
            answer = _called(implementation, arguments)
            if inspect.isawaitable(answer):
                return asyncio.ensure_future(_awaited(answer))
        except Exception as error:
            return _done(error=error)
        return _done(answer)

    def _outcome(self, implementation: Implementation, call: asyncio.Future[Any]) -> Any:
        """Return the result of a finished call. Raises `NotStored`, or `Unavailable` for other failures."""
        implementation.seconds.observe(perf_counter() - implementation.began)
        try:
            return call.result()
        except NotStored:
            raise
        except (Exception, asyncio.CancelledError) as error:
            raise self._failed(implementation, error) from None

    async def _within(self, implementation: Implementation, answer: Awaitable[Any]) -> Any:
        """Wait for an answer until the deadline at most, even if the plugin ignores its cancellation."""
        call = asyncio.ensure_future(_awaited(answer))
        self._strays.add(call)
        call.add_done_callback(self._ended)
        seconds = self._deadlines[implementation.hook]
        try:
            await asyncio.wait({call}, timeout=seconds)
        finally:
            if not call.done():
                call.cancel()
        if not call.done() or call.cancelled():
            late = TimeoutError(f"no answer within {seconds:g} s")
            raise self._failed(implementation, late, "timeout")
        return call.result()

    def _ended(self, call: asyncio.Future[Any]) -> None:
        self._strays.discard(call)
        if not call.cancelled():
            call.exception()  # keeps asyncio from reporting that the exception was never retrieved

    def _sole(self, hook: str) -> Implementation:
        implementations = self._implementations.get(hook)
        if not implementations:
            raise SettingsError(
                f"No loaded plugin provides {hook}.", "Add one that does to [tornchat] plugins."
            )
        return implementations[0]

    def _check(self, implementation: Implementation, answer: object, form: type) -> None:
        if not isinstance(answer, form) or (form is Sequence and isinstance(answer, str)):
            words = f"it returned {type(answer).__name__}, not {form.__name__}"
            raise self._failed(implementation, TypeError(words), "junk")
        if isinstance(answer, User) and not _is_whole(answer):
            raise self._failed(implementation, TypeError("it returned a User of wrong types"), "junk")

    def _failed(
        self, implementation: Implementation, error: BaseException, kind: str = "error"
    ) -> Unavailable:
        """Log the failure with the plugin's name and stack frames, and return the exception to raise."""
        plugin, hook = implementation.plugin, implementation.hook
        implementation.failures[kind] += 1
        frames = traceback.extract_tb(error.__traceback__)[1:]
        where = "".join(f"\n  {f.filename}:{f.lineno} in {f.name}" for f in frames[-5:])
        facts = {"event": "hook_failed", "plugin": plugin, "hook": hook, "kind": kind}
        name = type(error).__name__
        log.error("plugin %s failed in %s: %s: %s%s", plugin, hook, name, error, where, extra=facts)
        return _Failed(f"plugin {plugin} failed in {hook} ({type(error).__name__})")


class Escaped(RuntimeError):
    """A plugin raised `SystemExit`, `CancelledError` or the like, which would end more than its own call."""


def _called(implementation: Implementation, arguments: tuple[object, ...]) -> Any:
    """Call the function. A plain function is never cancelled, so a `CancelledError` is its own failure."""
    try:
        return implementation.function(*arguments)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise Escaped(f"it raised {type(error).__name__}").with_traceback(error.__traceback__) from None


async def _awaited(answer: Awaitable[Any]) -> Any:
    """Await the answer. asyncio would let a `SystemExit` of its task end the whole event loop."""
    try:
        return await answer
    except (Exception, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise Escaped(f"it raised {type(error).__name__}").with_traceback(error.__traceback__) from None


class _Failed(Unavailable):
    """A plugin failed; the failure has been logged."""


def _is_whole(user: User) -> bool:
    """Return whether the field types are as declared. msgspec does not check them on construction."""
    try:
        expires_at = msgspec.convert(msgspec.structs.asdict(user), User, strict=True).expires_at
    except msgspec.ValidationError:
        return False
    return bool(user.id) and not (expires_at is not None and math.isnan(expires_at))


def _done(answer: object = None, error: Exception | None = None) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)
    return future


def promises() -> dict[str, specs.Promise]:
    """Return a mapping from hook name to `Promise`, in the order of the documentation."""
    return {name: spec.promise for name, spec in specs.SPECS.items()}  # type: ignore[attr-defined]
