"""The common base of the contract kits: a started plugin per test, and tests with named promises."""

from __future__ import annotations

import asyncio
import inspect
import secrets
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest

from tornchat.hooks.specs import HOOKS, PROJECT
from tornchat.testing.fixtures import RecordingChat
from tornchat.testing.nodes import Nodes

Kit = TypeVar("Kit", bound="Contract")
Play: TypeAlias = Callable[[Kit, "Stage"], Awaitable[None]]


class BrokenPromise(AssertionError):
    """A plugin violates the contract of a hook. The first line names the promise."""


class Contract:
    """Base class of the kits. Subclass a kit in a test file, as in `class TestMine(StorageContract)`.

    The tests need no further fixtures and no pytest plugins.
    """

    roles: tuple[str, ...] = ()

    def make_plugin(self, tmp_path: Path) -> Any:
        """Return the plugin, not started. Calls with the same `tmp_path` must use the same storage."""
        raise NotImplementedError("write make_plugin(self, tmp_path), which returns your plugin, not started")

    def make_second_plugin(self, tmp_path: Path) -> Any:
        """Return the plugin for a second node of the same cluster; None if clusters are not supported."""
        return None

    async def lose_bus(self, plugin: Any) -> bool:
        """Break the plugin's connection to what it shares with other nodes, as a failing network does.

        Payloads that are published meanwhile are lost, and the plugin may connect again at once. Return
        False, as the default does, if there is no such connection.
        """
        return False

    def crashed(self, tmp_path: Path) -> Path:
        """Return a directory with what the storage in `tmp_path` holds now, while the plugin still runs.

        It is what a server finds after SIGKILL. The default copies the directory; storage that is elsewhere,
        such as a database server, stays as it is.
        """
        place = tmp_path.parent / unique(f"{tmp_path.name}-crashed")
        shutil.copytree(tmp_path, place)
        return place

    def test_every_required_hook_is_there_and_marked(self, tmp_path: Path) -> None:
        """Check that the plugin implements all required hooks of the role with `@hookimpl`."""
        plugin = self.make_plugin(tmp_path)
        needed = [
            name for name, hook in HOOKS.items() if hook.promise.required and hook.promise.role in self.roles
        ]
        missing = [name for name in needed if not _is_marked(plugin, name)]
        if missing:
            raise BrokenPromise(f"{_name(plugin)} lacks @hookimpl for {', '.join(missing)}.")


class Stage:
    """A node with one plugin, which is called as the core does and shut down after the test."""

    def __init__(
        self, contract: Contract, tmp_path: Path, plugin: Any = None, nodes: Nodes | None = None
    ) -> None:
        self._contract = contract
        self._nodes = nodes or Nodes()
        self._is_killed = False
        self.tmp_path = tmp_path
        self._others: list[Stage] = []
        self.plugin = contract.make_plugin(tmp_path) if plugin is None else plugin
        self.chat = RecordingChat(tmp_path)

    def provides(self, hook: str) -> bool:
        """Return whether the plugin implements `hook`."""
        return _is_marked(self.plugin, hook)

    async def call(self, hook: str, **arguments: object) -> Any:
        """Call a hook with the arguments that the plugin declares, within the deadline of the hook."""
        method = getattr(self.plugin, hook)
        given = {name: arguments[name] for name in inspect.signature(method).parameters}
        answer = self._nodes.within(self, lambda: _begun(method(**given)))
        if not inspect.isawaitable(answer):
            return answer
        seconds = HOOKS[hook].promise.deadline
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError:
            raise AssertionError(f"{hook} did not answer within its deadline of {seconds:g} s") from None

    def watch(self) -> None:
        """Record which node starts which tasks, so that `kill_second` can end them."""
        self._nodes.watch(asyncio.get_running_loop())

    async def start(self) -> None:
        """Start the plugin."""
        if self.provides("startup"):
            await self.call("startup", chat=self.chat)

    async def close(self) -> None:
        """Shut down the second node, if there is one, and then the plugin."""
        for other in self._others:
            await other.close()
        if self._is_killed:
            await self._release()
        elif self.provides("shutdown"):
            await self.call("shutdown")

    async def _release(self) -> None:
        """Let a killed plugin release what a process that has ended does not have, such as sockets."""
        if self.provides("shutdown"):
            with suppress(Exception):
                await self.call("shutdown")

    async def restart(self) -> None:
        """Shut the plugin down, and start a new instance with the same storage."""
        await self.close()
        self._others.clear()
        self.plugin = self._contract.make_plugin(self.tmp_path)
        await self.start()

    async def crash(self) -> None:
        """Continue as after SIGKILL: with a new instance on what the storage holds at this moment.

        What the plugin keeps in memory until it is shut down is lost.
        """
        place = self._contract.crashed(self.tmp_path)
        await self.close()
        self._others.clear()
        self.tmp_path = self.chat.data_dir = place
        self.plugin = self._contract.make_plugin(place)
        await self.start()

    async def kill_second(self) -> None:
        """End the second node as SIGKILL does: its plugin's tasks are cancelled, without `shutdown`.

        At the end of the test `shutdown` is called, to close what is left; whether it fails does not matter.
        """
        for other in self._others:
            other._is_killed = True
            await self._nodes.kill(other)

    async def lose_bus(self) -> None:
        """Break this node's connection to the others. Skips the test if there is none."""
        if not await self._contract.lose_bus(self.plugin):
            pytest.skip("lose_bus breaks no connection")

    async def second(self) -> Stage:
        """Start the second node and return it. Skips the test if there is none."""
        other = await self.second_or_self()
        if other is self:
            pytest.skip("make_second_plugin gives no second node")
        return other

    async def second_or_self(self) -> Stage:
        """Start the second node and return it; return this node if there is none."""
        plugin = self._contract.make_second_plugin(self.tmp_path)
        if plugin is None:
            return self
        other = Stage(self._contract, self.tmp_path, plugin, self._nodes)
        self._others.append(other)
        await other.start()
        return other

    def verify_threads(self) -> None:
        """Fail if the plugin called its `ChatHandle` from a thread other than the event loop's."""
        calls = [call for stage in (self, *self._others) for call in stage.chat.foreign_calls]
        assert not calls, f"the plugin called {calls[0]} from a thread; ChatHandle is for the event loop only"


def promise(words: str) -> Callable[[Play[Kit]], Callable[[Kit, Path], None]]:
    """Decorator that makes a test of a function that takes a `Stage`. A failure begins with `words`."""

    def declare(play: Play[Kit]) -> Callable[[Kit, Path], None]:
        def test(self: Kit, tmp_path: Path) -> None:
            try:
                asyncio.run(_perform(self, play, tmp_path))
            except Exception as error:
                what = str(error) if isinstance(error, AssertionError) else f"it raised {error!r}"
                raise BrokenPromise(f"Broken promise: {words}\n{what}") from error

        # Not functools.wraps: pytest would inspect the wrapped function and require a fixture `stage`.
        test.__name__, test.__qualname__ = play.__name__, play.__qualname__
        test.__module__, test.__doc__ = play.__module__, words
        return test

    return declare


async def _perform(contract: Kit, play: Play[Kit], tmp_path: Path) -> None:
    stage = Stage(contract, tmp_path)
    stage.watch()
    try:
        await stage.start()
        await play(contract, stage)
        stage.verify_threads()
    finally:
        await stage.close()


def _begun(answer: Any) -> Any:
    """Begin an awaitable answer as a task, which belongs to the node that is called."""
    return asyncio.ensure_future(answer) if inspect.isawaitable(answer) else answer


def unique(word: str) -> str:
    """Return a name that no other test uses, since the database may not be empty."""
    return f"{word}-{secrets.token_hex(4)}"


def _is_marked(plugin: Any, hook: str) -> bool:
    return hasattr(getattr(plugin, hook, None), f"{PROJECT}_impl")


def _name(plugin: Any) -> str:
    return type(plugin).__name__
