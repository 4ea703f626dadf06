"""Reloading of the settings of a single process on SIGHUP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from tornchat.app import ChatApp
from tornchat.cli import logs
from tornchat.cli.hangup import Hangup
from tornchat.cli.options import Given
from tornchat.config.reloading import Changes
from tornchat.errors import SettingsError
from tornchat.server.edge.certificate import log_certificate_faults, tls_context
from tornchat.server.edge.server import EdgeServer

log = logging.getLogger("tornchat.reload")


def nothing() -> None:
    """Do nothing."""


class Reload:
    """Reads the settings of a running node again, and applies those that a running process can apply."""

    def __init__(
        self,
        given: Given,
        hangup: Hangup,
        on_begin: Callable[[], None] = nothing,
        on_end: Callable[[], None] = nothing,
    ) -> None:
        """`on_begin` and `on_end` enclose each reload, for a service manager that wants to know."""
        self._given = given
        self._hangup = hangup
        self._on_begin = on_begin
        self._on_end = on_end

    async def run(self, chat: ChatApp, server: EdgeServer) -> None:
        """Reload on each SIGHUP, until cancelled."""
        while True:
            await self._hangup.wait()
            self._on_begin()
            try:
                await self._reload(chat, server)
            except SettingsError as fault:
                note_refusal(fault)
            except Exception:
                log.exception("the settings could not be reloaded")
            finally:
                self._on_end()

    async def _reload(self, chat: ChatApp, server: EdgeServer) -> None:
        """Apply either all that can be applied, or nothing. Raises `SettingsError`."""
        former = chat.settings.tornchat.log_level
        settings = await asyncio.to_thread(self._given.settings)
        context = await asyncio.to_thread(tls_context, settings)
        changes = await chat.reload(settings)
        server.encrypt(context)
        level = chat.settings.tornchat.log_level
        logs.change_level(former, level, partial(note, changes))
        await asyncio.to_thread(log_certificate_faults, settings)


def note(changes: Changes) -> None:
    """Log what has changed, and what needs a restart. No value is shown."""
    facts = {"event": "reloaded", "settings": ", ".join(changes.applied)}
    log.info("the settings are reloaded; changed: %s", facts["settings"] or "none", extra=facts)
    note_waiting(changes.waiting)


def note_waiting(names: Sequence[str]) -> None:
    """Log which changed settings need a restart."""
    if names:
        facts = {"event": "restart_needed", "settings": ", ".join(names)}
        log.warning("a restart is needed to apply the changes of %(settings)s", facts, extra=facts)


def note_refusal(fault: SettingsError) -> None:
    """Log why the new settings are not used."""
    facts = {"event": "reload_refused", "reason": str(fault)}
    log.error("the settings are not reloaded, and the former ones stay: %(reason)s", facts, extra=facts)
