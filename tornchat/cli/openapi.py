"""`tornchat openapi`: prints the OpenAPI document."""

from __future__ import annotations

import json

import click

from tornchat.app import ChatApp
from tornchat.cli.options import Given, with_settings
from tornchat.server.http.api.document import openapi
from tornchat.server.http.api.table import ENDPOINTS


@click.command("openapi")
@with_settings
def command(given: Given) -> None:
    """Print the OpenAPI document of the HTTP API.

    The server provides it at /openapi.json, including the routes of plugins.
    """
    settings = given.settings()
    routes = [route for route in ChatApp(settings).routes() if hasattr(route[1], "openapi")]
    document = openapi(ENDPOINTS, routes, "", settings)
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
