"""`tornchat plugins`: lists the loaded and the installed plugins."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tornchat.cli.options import Given, with_settings
from tornchat.hooks.loader import Plugin, load_plugins
from tornchat.hooks.offers import installed


@click.command("plugins")
@with_settings
def command(given: Given) -> None:
    """List the loaded plugins with distribution, roles and hooks, and installed plugins not loaded."""
    loaded = load_plugins(given.settings()).plugins
    for plugin in loaded:
        _show(plugin)
    _show_rest(loaded)


def _show(plugin: Plugin) -> None:
    click.echo(f"{plugin.name} ({plugin.distribution})")
    click.echo(f"    roles: {', '.join(plugin.roles) or 'none'}")
    click.echo(f"    hooks: {', '.join(plugin.hooks) or 'none'}")


def _show_rest(loaded: Sequence[Plugin]) -> None:
    used = {(plugin.name, plugin.distribution) for plugin in loaded}
    for offer in installed():
        if (offer.name, offer.distribution) not in used:
            click.echo(f"{offer.name} ({offer.distribution})")
            click.echo("    installed, not loaded: add it to [tornchat] plugins to use it")
