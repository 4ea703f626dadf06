"""Lifecycle hooks: startup, shutdown, checks, migration and health."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.hooks.specs.handle import ChatHandle
    from tornchat.model import Fault


@hookspec("startup", role="life", deadline=30.0)
def startup(chat: ChatHandle) -> Awaitable[None] | None:
    """Open the plugin's resources. Called once, in the order of the settings, before the first connection.

    An exception stops the start; this plugin and those started before it are shut down in reverse order.
    """


@hookspec("tell", role="life", deadline=10.0)
def shutdown() -> Awaitable[None] | None:
    """Close what `startup` opened. Called once, in reverse order, after the last connection has ended."""


@hookspec("collect", role="life", deadline=10.0)
def check() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Return the faults that keep this plugin from working, without changing anything.

    Called by `tornchat check`.
    """


@hookspec("collect", role="life", deadline=5.0)
def check_cluster() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Return the faults that matter only when several nodes form a cluster.

    Called if `broadcast_scope` is "cluster": by `tornchat check`, and before each start, which any fault
    stops. `startup` has not been called.
    """


@hookspec("collect", role="life", deadline=600.0)
def migrate() -> Awaitable[Sequence[str]] | Sequence[str]:
    """Migrate stored data to this version's schema and return the steps taken.

    `startup` has not been called.
    """


@hookspec("collect", role="life", deadline=5.0)
def health() -> Awaitable[Mapping[str, str]] | Mapping[str, str]:
    """Return the plugin's health: component name -> "ok" or a description of the problem."""
