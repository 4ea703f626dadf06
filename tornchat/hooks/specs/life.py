"""Lifecycle hooks: startup, shutdown, checks, migration and health."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tornchat.errors import SettingsError
from tornchat.hooks.specs.accept import clean_health, clean_steps
from tornchat.hooks.specs.promise import collect, in_order, unwind

if TYPE_CHECKING:
    from tornchat.hooks.specs.handle import ChatHandle
    from tornchat.model import Fault


@in_order(role="life", deadline=30.0, raises=(SettingsError,))
def startup(chat: ChatHandle) -> Awaitable[None] | None:
    """Open the plugin's resources. Called once, in the order of the settings, before the first connection.

    An exception stops the start; this plugin and those started before it are shut down in reverse order.
    """


@unwind(role="life", deadline=10.0)
def shutdown() -> Awaitable[None] | None:
    """Close what `startup` opened. Called once, in reverse order, after the last connection has ended."""


@in_order(role="life", deadline=10.0, raises=(SettingsError,))
def reload(settings: msgspec.Struct) -> Awaitable[None] | None:
    """Apply the plugin's settings, and read the files and keys that they name again.

    Called after `startup` on SIGHUP and by `ChatApp.reload`, also if no setting of the plugin has changed.
    `settings` are the running ones with the new values of those marked `Meta(extra={"reload": "live"})`, or
    of all if the class has `reload: ClassVar = "live"`. Without this hook, every change needs a restart.

    Operations that run are not disturbed. Raises `SettingsError` if the settings can't be applied: the plugin
    then works as before, and the plugins called earlier are called again with their former settings.
    """


@collect(role="life", deadline=10.0)
def check() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Return the faults that keep this plugin from working, without changing anything.

    Called by `tornchat check`.
    """


@collect(role="life", deadline=5.0)
def check_cluster() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Return the faults that matter only when several nodes form a cluster.

    Called if `broadcast_scope` is "cluster": by `tornchat check`, and before each start, which any fault
    stops. `startup` has not been called.
    """


@in_order(role="life", deadline=600.0, raises=(SettingsError,), accept=clean_steps)
def migrate() -> Awaitable[Sequence[str]] | Sequence[str]:
    """Migrate stored data to this version's schema and return the steps taken.

    Plugins are called in the order of the settings; the first failure stops the migration. `startup` has
    not been called.
    """


@collect(role="life", deadline=5.0, accept=clean_health)
def health() -> Awaitable[Mapping[str, str]] | Mapping[str, str]:
    """Return the plugin's health: component name -> "ok" or a description of the problem."""
