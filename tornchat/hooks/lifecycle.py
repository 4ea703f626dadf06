"""Start, stop, check and migrate the plugins of one chat."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import msgspec

from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.specs import ChatHandle, broadcast, life
from tornchat.hooks.verbs import Verbs
from tornchat.hooks.words import cleaned
from tornchat.model import Fault

Sections: TypeAlias = Mapping[str, msgspec.Struct]
"""Plugin -> its settings."""

log = logging.getLogger("tornchat.plugins")


class Lifecycle:
    """The life of the plugins of one chat."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._scope = verbs.bind(broadcast.broadcast_scope)
        self._check = verbs.bind(life.check)
        self._check_cluster = verbs.bind(life.check_cluster)
        self._migrate = verbs.bind(life.migrate)
        self._health = verbs.bind(life.health)

    async def startup(self, chat: ChatHandle) -> None:
        """Start the plugins in order.

        Raises `SettingsError` on failure, after shutting down the plugins already started and the one that
        failed, because it may have opened some of its resources.
        """
        for plugin, fault in await self.cluster_faults():
            if not fault.warning:
                raise SettingsError(f"Several nodes can't be one chat ({plugin}): {fault.what}", fault.cure)
        await self.startup_of(chat, {found.plugin for found in self._verbs.of(life.startup.name)})

    async def startup_of(self, chat: ChatHandle, plugins: Collection[str]) -> None:
        """Start only these plugins, in the way `startup` does. For commands that do not run a node."""
        started: list[str] = []
        try:
            for found in self._verbs.of(life.startup.name):
                if found.plugin in plugins:
                    started.append(found.plugin)
                    await self._verbs.bind(life.startup, [found.plugin])(chat)
        except BaseException as error:  # a cancelled start must also release its resources
            await self.shutdown(started)
            if isinstance(error, Unavailable):
                raise _no_start(error) from None
            raise

    async def shutdown(self, plugins: Collection[str] | None = None) -> None:
        """Shut the plugins down in reverse order. A plugin that fails does not affect the others."""
        await self._verbs.bind(life.shutdown, plugins)()

    async def reload(self, running: Sections, wanted: Sections) -> None:
        """Make the plugins apply the `wanted` settings, in order.

        Raises `SettingsError` if a plugin refuses or fails. Those called before it are called with the
        `running` settings again.
        """
        applied: list[str] = []
        try:
            for found in self._verbs.of(life.reload.name):
                await self._verbs.bind(life.reload, [found.plugin])(wanted[found.plugin])
                applied.append(found.plugin)
        except BaseException as error:
            for plugin in reversed(applied):
                await self._restore(plugin, running[plugin])
            if isinstance(error, Unavailable):
                raise SettingsError(f"{error}.".replace("..", "."), "The log says where.") from None
            raise

    async def _restore(self, plugin: str, section: msgspec.Struct) -> None:
        try:
            await self._verbs.bind(life.reload, [plugin])(section)
        except (SettingsError, Unavailable) as error:
            log.error("the plugin %s could not return to its former settings: %s", plugin, error)

    async def check(self) -> list[tuple[str, Fault]]:
        """Return all faults as (plugin, fault). A check that fails counts as a fault of its plugin."""
        found = [(plugin, fault) for plugin, answer in await self._check() for fault in _faults(answer)]
        return found + await self.cluster_faults()

    async def cluster_faults(self) -> list[tuple[str, Fault]]:
        """Return the faults of `check_cluster` as (plugin, fault); empty if this is not a cluster node.

        Raises `SettingsError`.
        """
        if not self._verbs.of(life.check_cluster.name) or self.scope() == "process":
            return []
        answers = await self._check_cluster()
        return [(plugin, fault) for plugin, answer in answers for fault in _faults(answer)]

    def scope(self) -> str:
        """Return the scope of the broadcast. Raises `SettingsError` if the hook fails: there is no start."""
        try:
            return self._scope()
        except Unavailable as error:
            raise _no_start(error) from None

    async def migrate(self) -> list[tuple[str, str]]:
        """Return the steps taken as (plugin, step). The first failure is raised and stops the migration."""
        return [(plugin, step) for plugin, steps in await self._migrate() for step in steps]

    async def health(self) -> dict[str, dict[str, str]]:
        """Return plugin -> component -> "ok" or a problem; a failed call has one component, `health`."""
        return {name: {"health": "failed"} if a is None else dict(a) for name, a in await self._health()}


def _faults(answer: Sequence[object] | None) -> list[Fault]:
    """Return the faults in a plugin's answer. A failed check or an invalid item adds a fault."""
    if answer is None:
        return [Fault("Its check failed.", "The log says why.")]
    faults = [Fault(cleaned(f.what), cleaned(f.cure), f.warning) for f in answer if isinstance(f, Fault)]
    junk = [Fault("Its check gave no faults.", "Report it to its author.")]
    return faults if len(faults) == len(answer) else faults + junk


def _no_start(error: Exception) -> SettingsError:
    return SettingsError(f"{error}.".replace("..", "."), "The log says where; `tornchat check` says more.")
