"""`tornchat migrate`: migrates the database to the schema of this version."""

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
    """Migrate the database to the schema of this version. `tornchat serve` also does this on start."""
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
