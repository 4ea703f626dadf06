"""The parent process of `tornchat serve --workers`, which binds the port and supervises the workers."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Sequence

import click

from tornchat.cli.child import Child
from tornchat.cli.listening import activated, bind, shown
from tornchat.cli.notify import READY, STOPPING, notify
from tornchat.cli.options import Given
from tornchat.cli.several import faults_of_workers
from tornchat.cli.slot import Slot
from tornchat.cli.stop import GRACE_SECONDS, Stop
from tornchat.config.settings import Settings
from tornchat.errors import SettingsError
from tornchat.hooks.loader import Loaded, load_plugins

log = logging.getLogger("tornchat.workers")


def run(given: Given, settings: Settings, greet: Callable[[list[str]], None]) -> None:
    """Serve with `[server] workers` processes until SIGTERM or SIGINT. SIGHUP replaces them one by one.

    `greet` is called with the addresses when the first worker accepts clients. Raises `SettingsError` if the
    processes can't share a chat or no worker gets ready, and `click.exceptions.Exit` if a worker has failed
    to stop properly.
    """
    stop = Stop(settings.server.drain_seconds + GRACE_SECONDS)
    asyncio.run(_prepare(load_plugins(settings), settings.server.workers))
    sockets = activated() or bind(settings.tornchat.host, settings.tornchat.port)
    try:
        good = asyncio.run(Supervisor(given, settings, sockets, stop, greet).run())
    finally:
        for one in sockets:
            one.close()
    stop.ignore_signals()
    if not good:
        raise click.exceptions.Exit(1)


async def _prepare(loaded: Loaded, workers: int) -> None:
    """Check that several processes can share a chat, and migrate once for all. Raises `SettingsError`."""
    try:
        hooks = loaded.hooks
        for plugin, fault in [*faults_of_workers(hooks, workers), *await hooks.cluster_faults()]:
            if not fault.warning:
                raise SettingsError(f"Several workers can't be one chat ({plugin}): {fault.what}", fault.cure)
        await hooks.migrate()
    finally:
        await loaded.hooks.close()


class Supervisor:
    """Runs the workers of a server. The first one must get ready before the others are started."""

    def __init__(
        self,
        given: Given,
        settings: Settings,
        sockets: Sequence[socket.socket],
        stop: Stop,
        greet: Callable[[list[str]], None],
    ) -> None:
        """Requires a running event loop."""
        self._given = given
        self._settings = settings
        self._sockets = sockets
        self._stop = stop
        self._greet = greet
        self._hangup = asyncio.Event()
        self._slots: list[Slot] = []

    async def run(self) -> bool:
        """Serve until the stop; return False if a worker did not stop properly. Raises `SettingsError`."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._hangup.set)
        self._slots = [Slot(number + 1, self._start) for number in range(self._settings.server.workers)]
        work, stopped = asyncio.create_task(self._work()), asyncio.create_task(self._stop.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for one in self._sockets:
            one.close()
        return await self._end(work)

    async def _start(self, number: int) -> Child:
        drain_seconds = self._settings.server.drain_seconds
        return await Child.start(number, self._given.words(), self._sockets, drain_seconds)

    async def _work(self) -> None:
        first, *others = self._slots
        if not await first.fill():
            raise SettingsError("No worker got ready.", "What it said is above.")
        self._greet([shown(one) for one in self._sockets])
        click.echo(f"it has {len(self._slots)} workers")
        notify(READY)
        async with asyncio.TaskGroup() as keeping:
            for slot in (first, *others):
                keeping.create_task(slot.keep())
            keeping.create_task(self._renew())

    async def _renew(self) -> None:
        """On each SIGHUP, replace the workers one after another. The first failure ends the round."""
        while True:
            await self._hangup.wait()
            self._hangup.clear()
            if self._read_settings() and await self._renewed():
                log.info("all workers were replaced")

    def _read_settings(self) -> bool:
        try:
            self._settings = self._given.settings()
        except SettingsError as fault:
            log.error("the workers are not replaced: %s", fault)
            return False
        return True

    async def _renewed(self) -> bool:
        for slot in self._slots:
            if not await slot.renew():
                log.error("worker %d could not be replaced; the remaining workers are kept", slot.number)
                return False
        return True

    async def _end(self, work: asyncio.Task[None]) -> bool:
        if not work.done():
            notify(STOPPING)
            click.echo("tornchat is stopping")
        work.cancel()
        await asyncio.wait({work})
        good = all(await asyncio.gather(*(slot.stop() for slot in self._slots)))
        if not work.cancelled():
            work.result()  # raises, since `work` ends only by an exception
        return good
