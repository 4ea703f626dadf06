"""`tornchat asyncapi`: prints the AsyncAPI document."""

from __future__ import annotations

import json

import click

from tornchat.cli.options import Given, with_settings
from tornchat.hooks.loader import load_plugins
from tornchat.server.http.asyncapi.document import Description


@click.command("asyncapi")
@with_settings
def command(given: Given) -> None:
    """Print the AsyncAPI document of the WebSocket. The server provides it at /asyncapi.json."""
    settings = given.settings()
    host = f"{settings.tornchat.host}:{settings.tornchat.port}"
    kinds = load_plugins(settings).hooks.kinds.of_plugins()
    document = Description(settings, kinds=kinds).at(host, path=settings.server.prefix.rstrip("/"))
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
