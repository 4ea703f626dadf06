"""`tornchat migrate`: bring what is stored to this version's form."""

from __future__ import annotations

import asyncio

import click

from tornchat.cli import logs
from tornchat.cli.options import Given, with_settings
from tornchat.hooks.calls import Hooks
from tornchat.hooks.loader import load_plugins


@click.command("migrate")
@with_settings
def command(given: Given) -> None:
    """Bring the database to this version's form. `tornchat serve` does the same when it starts."""
    settings = given.settings()
    logs.to_stderr("error")
    steps = asyncio.run(_migrate(load_plugins(settings).hooks))
    for plugin, step in steps:
        click.echo(f"{plugin}: {step}")
    if not steps:
        click.echo("Nothing to do.")


async def _migrate(hooks: Hooks) -> list[tuple[str, str]]:
    try:
        return await hooks.migrate()
    finally:
        await hooks.close()
