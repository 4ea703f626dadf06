"""What all contract kits share: a plugin that is started for one test, and promises with names."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest

from tornchat.hooks.caller import promises
from tornchat.hooks.specs import PROJECT
from tornchat.testing.fixtures import RecordingChat

Kit = TypeVar("Kit", bound="Contract")
Play: TypeAlias = Callable[[Kit, "Stage"], Awaitable[None]]


class BrokenPromise(AssertionError):
    """A plugin does not keep what its hook promises; the first line says which promise that is."""


class Contract:
    """Base of the kits. Subclass one in a test file, as `class TestMine(StorageContract)`.

    The kit's tests run by themselves: they need neither fixtures nor pytest plugins.
    """

    roles: tuple[str, ...] = ()

    def make_plugin(self, tmp_path: Path) -> Any:
        """Make the plugin, not started. Called again with the same `tmp_path`, it is the same place's."""
        raise NotImplementedError("write make_plugin(self, tmp_path), which returns your plugin, not started")

    def make_second_plugin(self, tmp_path: Path) -> Any:
        """Make the plugin for a second node of the same cluster; None if there is but one."""
        return None

    def test_every_required_hook_is_there_and_marked(self, tmp_path: Path) -> None:
        """A role is filled by all its required hooks, each with `@hookimpl` over it."""
        plugin = self.make_plugin(tmp_path)
        needed = [name for name, hook in promises().items() if hook.required and hook.role in self.roles]
        missing = [name for name in needed if not _is_marked(plugin, name)]
        if missing:
            raise BrokenPromise(f"{_name(plugin)} lacks @hookimpl for {', '.join(missing)}.")


class Stage:
    """One node with one plugin: started, called as the core would, and shut down after the test."""

    def __init__(self, contract: Contract, tmp_path: Path, plugin: Any = None) -> None:
        self._contract = contract
        self.tmp_path = tmp_path
        self._others: list[Stage] = []
        self.plugin = contract.make_plugin(tmp_path) if plugin is None else plugin
        self.chat = RecordingChat(tmp_path)

    def provides(self, hook: str) -> bool:
        """Say whether the plugin implements `hook`."""
        return _is_marked(self.plugin, hook)

    async def call(self, hook: str, **arguments: object) -> Any:
        """Call a hook with those of its arguments that the plugin asks for, within the hook's deadline."""
        method = getattr(self.plugin, hook)
        answer = method(**{name: arguments[name] for name in inspect.signature(method).parameters})
        if not inspect.isawaitable(answer):
            return answer
        seconds = promises()[hook].deadline
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            raise AssertionError(f"{hook} did not answer within its deadline of {seconds:g} s") from None

    async def start(self) -> None:
        """Start the plugin."""
        if self.provides("startup"):
            await self.call("startup", chat=self.chat)

    async def close(self) -> None:
        """Shut the plugin down, and the second node's before it."""
        for other in self._others:
            await other.close()
        if self.provides("shutdown"):
            await self.call("shutdown")

    async def restart(self) -> None:
        """Shut the plugin down, and start a new one on the same place."""
        await self.close()
        self._others.clear()
        self.plugin = self._contract.make_plugin(self.tmp_path)
        await self.start()

    async def second(self) -> Stage:
        """Start the second node; the test is skipped where there is none."""
        other = await self.second_or_self()
        if other is self:
            pytest.skip("make_second_plugin gives no second node")
        return other

    async def second_or_self(self) -> Stage:
        """Start the second node; where there is none, the first one is both."""
        plugin = self._contract.make_second_plugin(self.tmp_path)
        if plugin is None:
            return self
        other = Stage(self._contract, self.tmp_path, plugin)
        self._others.append(other)
        await other.start()
        return other

    def verify_threads(self) -> None:
        """Fail if the plugin called its `ChatHandle` from another thread than the event loop's."""
        calls = [call for stage in (self, *self._others) for call in stage.chat.foreign_calls]
        assert not calls, f"the plugin called {calls[0]} from a thread; ChatHandle is for the event loop only"


def promise(words: str) -> Callable[[Play[Kit]], Callable[[Kit, Path], None]]:
    """Make a test of a play that takes a `Stage`; if it fails, its first line says `words`."""

    def declare(play: Play[Kit]) -> Callable[[Kit, Path], None]:
        def test(self: Kit, tmp_path: Path) -> None:
            try:
                asyncio.run(_perform(self, play, tmp_path))
            except Exception as error:
                what = str(error) if isinstance(error, AssertionError) else f"it raised {error!r}"
                raise BrokenPromise(f"Broken promise: {words}\n{what}") from error

        # Not functools.wraps: pytest would look through it and ask for a fixture named `stage`.
        test.__name__, test.__qualname__ = play.__name__, play.__qualname__
        test.__module__, test.__doc__ = play.__module__, words
        return test

    return declare


async def _perform(contract: Kit, play: Play[Kit], tmp_path: Path) -> None:
    stage = Stage(contract, tmp_path)
    try:
        await stage.start()
        await play(contract, stage)
        stage.verify_threads()
    finally:
        await stage.close()


def unique(word: str) -> str:
    """Give a name that no other test has used: a kit may run on a database that is not empty."""
    return f"{word}-{secrets.token_hex(4)}"


def _is_marked(plugin: Any, hook: str) -> bool:
    return hasattr(getattr(plugin, hook, None), f"{PROJECT}_impl")


def _name(plugin: Any) -> str:
    return type(plugin).__name__
