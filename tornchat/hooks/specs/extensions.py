"""Hooks with which plugins extend the HTTP application and the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from tornchat.hooks.specs.promise import collect, collect_now

if TYPE_CHECKING:
    import click

    from tornchat.hooks.specs.handle import ChatHandle


@collect(role="extensions")
def http_routes(chat: ChatHandle) -> Awaitable[Sequence[Any]] | Sequence[Any]:
    """Return routes to add to the application, in the form that Tornado's `Application` takes.

    Called once, when the chat has started. `tornchat serve` serves the routes at their paths, and a chat that
    is mounted in an application below its prefix, where only routes to handler classes are served. The
    plugin's handlers are asked by nobody who calls: `await chat.identify(self)` returns the user, or None.
    The routes are listed in `/openapi.json`. A handler class may have an attribute `openapi` that maps an
    HTTP method in lower case to an OpenAPI operation. Without it, only the path and its methods are listed.

    The item type is `Any` because the core's types do not depend on Tornado.
    """


@collect_now(role="extensions")
def cli_commands(group: click.Group) -> None:
    """Add commands to the `tornchat` command line. A plain function."""
