"""The parent process of `tornchat serve --workers`, which binds the port and supervises the workers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from functools import partial

import click

from tornchat.cli import logs
from tornchat.cli.child import Child
from tornchat.cli.hangup import Hangup
from tornchat.cli.listening import activated, bind, shown
from tornchat.cli.notify import READY, STOPPING, notify, notify_reloading
from tornchat.cli.options import Given
from tornchat.cli.reload import note_waiting
from tornchat.cli.several import faults_of_workers
from tornchat.cli.slot import Slot
from tornchat.cli.stop import GRACE_SECONDS, Stop
from tornchat.config.reloading import needing_restart
from tornchat.config.settings import Settings
from tornchat.errors import SettingsError
from tornchat.hooks.loader import Loaded, load_plugins
from tornchat.server.edge.certificate import tls_context

log = logging.getLogger("tornchat.workers")


def run(
    given: Given, settings: Settings, stop: Stop, hangup: Hangup, greet: Callable[[list[str]], None]
) -> None:
    """Serve with `[server] workers` processes until SIGTERM or SIGINT. SIGHUP replaces them one by one.

    `greet` is called with the addresses when the first worker accepts clients. Raises `SettingsError` if the
    processes can't share a chat or no worker gets ready, and `click.exceptions.Exit` if a worker has failed
    to stop properly.
    """
    good = asyncio.run(_run(given, settings, stop, hangup, greet))
    stop.ignore_signals()
    if not good:
        raise click.exceptions.Exit(1)


async def _run(
    given: Given, settings: Settings, stop: Stop, hangup: Hangup, greet: Callable[[list[str]], None]
) -> bool:
    if await stop.interrupts(_prepare(load_plugins(settings), settings)):
        return True
    sockets = activated() or bind(settings.tornchat.host, settings.tornchat.port)
    try:
        return await Supervisor(given, settings, sockets, stop, hangup, greet).run()
    finally:
        for one in sockets:
            one.close()


async def _prepare(loaded: Loaded, settings: Settings) -> None:
    """Check that several processes can share a chat, and migrate once for all. Raises `SettingsError`."""
    try:
        hooks = loaded.hooks
        tls_context(settings)  # raises for a certificate that can't be used
        workers = settings.server.workers
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
        hangup: Hangup,
        greet: Callable[[list[str]], None],
    ) -> None:
        """Requires a running event loop."""
        self._given = given
        self._started_with = self._settings = settings
        self._sockets = sockets
        self._stop = stop
        self._greet = greet
        self._hangup = hangup
        self._slots: list[Slot] = []

    async def run(self) -> bool:
        """Serve until the stop; return False if a worker did not stop properly. Raises `SettingsError`."""
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
            notify_reloading()
            try:
                if self._read_settings() and await self._renewed():
                    log.info("all workers were replaced")
            finally:
                notify(READY)

    def _read_settings(self) -> bool:
        """Read the settings for the next workers, and apply to the parent what concerns it."""
        try:
            settings = self._given.settings()
            tls_context(settings)
        except SettingsError as fault:
            log.error("the workers are not replaced: %s", fault)
            return False
        former, self._settings = self._settings, settings
        self._stop.extend(settings.server.drain_seconds + GRACE_SECONDS)
        waiting = needing_restart(self._started_with, settings)
        levels = former.tornchat.log_level, settings.tornchat.log_level
        logs.change_level(*levels, partial(note_waiting, waiting))
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
