"""`tornchat check`: checks whether the server can start."""

from __future__ import annotations

import asyncio

import click

from tornchat.cli import logs, loops
from tornchat.cli.masking import printable
from tornchat.cli.options import Given, with_settings
from tornchat.cli.several import faults_of_workers
from tornchat.cli.startable import faults_of_node
from tornchat.config.settings import Settings
from tornchat.hooks.loader import Loaded, load_plugins
from tornchat.model import Fault


@click.command("check")
@with_settings
@click.pass_context
def command(context: click.Context, given: Given) -> None:
    """Check the settings, the plugins, the key and the storage. Changes nothing."""
    settings = given.settings()
    logs.to_stderr("error")
    loops.factory(settings.tornchat.loop)
    loaded = load_plugins(settings)
    faults = asyncio.run(_faults(loaded, settings))
    for plugin, fault in faults:
        kind = "warning: " if fault.warning else ""
        click.echo(printable(f"{plugin}: {kind}{fault.what} {fault.cure}"), err=True)
    if not all(fault.warning for _, fault in faults):
        context.exit(1)
    _praise(loaded)


async def _faults(loaded: Loaded, settings: Settings) -> list[tuple[str, Fault]]:
    try:
        mine = faults_of_node(settings)
        return mine + faults_of_workers(loaded.hooks, settings.server.workers) + await loaded.hooks.check()
    finally:
        await loaded.hooks.close()


def _praise(loaded: Loaded) -> None:
    click.echo("settings: ok")
    for plugin in loaded.plugins:
        click.echo(f"plugin {plugin.name} ({', '.join(plugin.roles)}): ok")
