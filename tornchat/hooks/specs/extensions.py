"""What plugins add to the application and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    import click

    from tornchat.hooks.specs.handle import ChatHandle


@hookspec("collect", role="extensions")
def http_routes(chat: ChatHandle) -> Sequence[Any]:
    """Give routes to add to the application, as Tornado's `Application` takes them.

    They are shown in `/openapi.json`. A handler class may have an attribute `openapi`: HTTP method in
    lower case -> an OpenAPI operation. Without it, what is shown is the path and its methods.

    Any, because the core's vocabulary does not name Tornado's types.
    """


@hookspec("collect", role="extensions")
def cli_commands(group: click.Group) -> None:
    """Add commands to the `tornchat` command line."""
