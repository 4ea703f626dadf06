"""How plugins begin, end, and say how they are."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.hooks.specs.handle import ChatHandle
    from tornchat.model import Fault


@hookspec("startup", role="life", deadline=30.0)
def startup(chat: ChatHandle) -> Awaitable[None] | None:
    """Open what the plugin needs. Called once, in the order of the settings, before the first connection.

    Raising stops the start; this plugin and those that were started before it are shut down, in reverse
    order.
    """


@hookspec("tell", role="life", deadline=10.0)
def shutdown() -> Awaitable[None] | None:
    """Close what `startup` opened. Called once, in reverse order, after the last connection is gone."""


@hookspec("collect", role="life", deadline=10.0)
def check() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Name what would stop this plugin from working, without changing anything. For `tornchat check`."""


@hookspec("collect", role="life", deadline=5.0)
def check_cluster() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Name what is fine for one node and would not work for several of them.

    Asked where `broadcast_scope` is "cluster": by `tornchat check`, and before each start, which a
    fault stops. `startup` was not called.
    """


@hookspec("collect", role="life", deadline=600.0)
def migrate() -> Awaitable[Sequence[str]] | Sequence[str]:
    """Bring what is stored to this version's form and name the steps taken. `startup` was not called."""


@hookspec("collect", role="life", deadline=5.0)
def health() -> Awaitable[Mapping[str, str]] | Mapping[str, str]:
    """Say how the plugin is: part -> "ok", or what is wrong with it."""
