"""The verbs: how the answers of several plugins become the answer of a hook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar, overload

from tornchat.errors import ChatError, SettingsError, Unavailable
from tornchat.hooks.caller import Caller
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.specs import Hook
from tornchat.hooks.specs.promise import (
    Arguments,
    Ask,
    Begun,
    Chain,
    Collect,
    CollectNow,
    InOrder,
    One,
    OneNow,
    Tell,
    Unwind,
)
from tornchat.hooks.tells import Tells

Given = TypeVar("Given")
Each = list[tuple[str, Given]]
"""(plugin, its answer), in the order of the settings."""


class Verbs:
    """Calls the plugins of one chat, each hook in the way that its declaration says."""

    def __init__(self, implementations: Mapping[str, Sequence[Implementation]], caller: Caller) -> None:
        self._implementations = implementations
        self._caller = caller
        self.tells = Tells(caller.contained)

    def of(self, hook: str) -> Sequence[Implementation]:
        """Return the implementations of `hook`, in the order of the settings."""
        return self._implementations.get(hook, ())

    def implementations(self) -> Iterator[Implementation]:
        """Iterate over all implementations of all hooks."""
        for implementations in self._implementations.values():
            yield from implementations

    async def close(self) -> None:
        """Deliver the queued notifications, then cancel the calls that missed their deadline."""
        await self.tells.close()
        await self._caller.close()

    @overload
    def bind(self, hook: Ask[Arguments, Given]) -> Callable[Arguments, Coroutine[Any, Any, Given]]: ...
    @overload
    def bind(self, hook: One[Arguments, Given]) -> Callable[Arguments, Coroutine[Any, Any, Given]]: ...
    @overload
    def bind(self, hook: OneNow[Arguments, Given]) -> Callable[Arguments, Given]: ...
    @overload
    def bind(self, hook: Begun[Arguments, Any]) -> Callable[Arguments, asyncio.Future[object]]: ...
    @overload
    def bind(self, hook: Chain[Arguments, Given]) -> Callable[Arguments, Coroutine[Any, Any, Given]]: ...
    @overload
    def bind(
        self, hook: Collect[Arguments, Given]
    ) -> Callable[Arguments, Coroutine[Any, Any, Each[Given | None]]]: ...
    @overload
    def bind(self, hook: CollectNow[Arguments, Given]) -> Callable[Arguments, Each[Given | None]]: ...
    @overload
    def bind(
        self, hook: InOrder[Arguments, Given], only: Collection[str] | None = None
    ) -> Callable[Arguments, Coroutine[Any, Any, Each[Given]]]: ...
    @overload
    def bind(
        self, hook: Unwind[Arguments, Any], only: Collection[str] | None = None
    ) -> Callable[Arguments, Coroutine[Any, Any, None]]: ...
    @overload
    def bind(self, hook: Tell[Arguments, Any]) -> Callable[Arguments, None]: ...
    def bind(self, hook: Hook[..., Any], only: Collection[str] | None = None) -> Callable[..., Any]:
        """Return the function that calls `hook` as declared. It takes positional arguments.

        `only` restricts the call to these plugins. Unless the verb collects answers, the function raises
        `Unavailable` if a plugin fails or misses its deadline, and the exceptions in `Promise.raises`. For a
        hook that one plugin provides it raises what `Promise.absent` says if no plugin provides it.
        """
        found = tuple(i for i in self.of(hook.name) if only is None or i.plugin in only)
        if hook.verb == "one" and not found:
            return partial(_absent_now if isinstance(hook, (OneNow, Begun)) else _absent, hook)
        if not found and isinstance(hook, Tell):
            return _nobody  # the arguments are not even looked at
        verbs: dict[type[Hook[..., Any]], Callable[..., Any]] = {
            Ask: self._ask,
            One: self._one,
            OneNow: self._one_now,
            Begun: self._caller.begin,
            Chain: self._chain,
            Collect: self._collect,
            CollectNow: self._collect_now,
            InOrder: self._in_order,
            Unwind: self._unwind,
            Tell: self._tell,
        }
        verb = partial(verbs[type(hook)], found[0] if hook.verb == "one" else found)
        return partial(_with_frozen, verb, hook.shared) if hook.shared else verb

    # --- the verbs ---

    async def _ask(self, found: Sequence[Implementation], *arguments: object) -> Any:
        for implementation in found:
            answer = await self._caller.call(implementation, arguments)
            if answer is not None:
                return answer
        return None

    async def _one(self, found: Implementation, *arguments: object) -> Any:
        return await self._caller.call(found, arguments)

    def _one_now(self, found: Implementation, *arguments: object) -> Any:
        return self._caller.call_now(found, arguments)

    async def _chain(self, found: Sequence[Implementation], value: object, *others: object) -> Any:
        for implementation in found:
            answer = await self._caller.call(implementation, (value, *others))
            if answer is value:
                continue
            merge = implementation.declared.promise.merge
            try:
                value = answer if merge is None else merge(value, answer)
            except (TypeError, ValueError) as error:
                raise self._caller.blame.failed(implementation, error.with_traceback(None), "junk") from None
        return value

    async def _collect(self, found: Sequence[Implementation], *arguments: object) -> Each[Any]:
        return [(i.plugin, await self._caller.contained(i, arguments)) for i in found]

    def _collect_now(self, found: Sequence[Implementation], *arguments: object) -> Each[Any]:
        answers: Each[Any] = []
        for implementation in found:
            try:
                answers.append((implementation.plugin, self._caller.call_now(implementation, arguments)))
            except Unavailable:
                answers.append((implementation.plugin, None))  # the failure has been logged
        return answers

    async def _in_order(self, found: Sequence[Implementation], *arguments: object) -> Each[Any]:
        return [(i.plugin, await self._caller.call(i, arguments)) for i in found]

    async def _unwind(self, found: Sequence[Implementation], *arguments: object) -> None:
        for implementation in reversed(found):
            await self._caller.contained(implementation, arguments)

    def _tell(self, found: Sequence[Implementation], *arguments: object) -> None:
        for implementation in found:
            self.tells.put(implementation.plugin, implementation, arguments)


def _with_frozen(call: Callable[..., Any], shared: tuple[int, ...], *arguments: object) -> Any:
    """Call with immutable collections: a plugin must not change what others are given."""
    given = list(arguments)
    for index in shared:
        given[index] = frozen(given[index])
    return call(*given)


def frozen(value: object) -> object:
    """Return lists as tuples and dicts as read-only copies; other values as they are."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    return value


def _nobody(*arguments: object) -> None:
    """Tell nobody."""


async def _absent(hook: Hook[..., Any], *arguments: object) -> None:
    if hook.promise.absent != "nothing":
        _absent_now(hook)


def _absent_now(hook: Hook[..., Any], *arguments: object) -> NoReturn:
    if hook.promise.absent == "not_provided":
        raise ChatError("not_provided", f"No loaded plugin provides {hook.name}.")
    raise SettingsError(f"No loaded plugin provides {hook.name}.", "Add one that does to [tornchat] plugins.")
