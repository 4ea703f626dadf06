"""The commands that plugins add."""

from __future__ import annotations

from collections.abc import Container

import click

from tornchat.cli.options import CONFIG, SET, Given
from tornchat.errors import SettingsError
from tornchat.hooks.loader import load_plugins


def commands(given: Given, taken: Container[str]) -> dict[str, click.Command]:
    """Return the commands that the loaded plugins add. Errors are printed to stderr."""
    group = click.Group()
    try:
        load_plugins(given.settings()).hooks.cli_commands(group)
    except SettingsError as fault:
        click.echo(f"The plugins' commands are not shown: {' '.join(str(fault).split())}", err=True)
    except Exception as error:
        click.echo(f"A plugin failed to add its commands: {error!r}", err=True)
    return {name: _with_options(found) for name, found in group.commands.items() if name not in taken}


def _with_options(command: click.Command) -> click.Command:
    """Make a command accept --config and --set, which were processed when its plugin was loaded."""
    have = {option for parameter in command.params for option in parameter.opts}
    for option in (CONFIG, SET):
        if not have.intersection(option.opts):
            silent = click.Option(option.opts, type=option.type, multiple=option.multiple, expose_value=False)
            command.params.append(silent)
    return command
