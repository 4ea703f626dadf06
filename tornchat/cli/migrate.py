"""`tornchat migrate`: migrates the database to the schema of this version, or assigns new epochs."""

from __future__ import annotations

import asyncio

import click

from tornchat.cli import logs
from tornchat.cli.borrowed import PAGE_ROOMS
from tornchat.cli.console import Console, managing
from tornchat.cli.options import BESIDE_A_SERVER, Given, with_settings
from tornchat.errors import SettingsError
from tornchat.hooks.calls import Hooks
from tornchat.hooks.loader import load_plugins


@click.command("migrate", epilog=BESIDE_A_SERVER)
@with_settings
@click.option(
    "--new-epochs",
    is_flag=True,
    help="Then give all rooms new epochs, so that no client resumes, after a backup was restored.",
)
def command(given: Given, new_epochs: bool) -> None:
    """Migrate the database to the schema of this version. `tornchat serve` also does this on start."""
    settings = given.settings()
    logs.to_stderr("error")
    steps = asyncio.run(_migrate(load_plugins(settings).hooks))
    for plugin, step in steps:
        click.echo(f"{plugin}: {step}")
    if new_epochs:
        click.echo(f"Rooms with new epochs: {managing(given, _renew)}.")
    elif not steps:
        click.echo("Nothing to do.")


async def _migrate(hooks: Hooks) -> list[tuple[str, str]]:
    try:
        return await hooks.migrate()
    finally:
        await hooks.close()


async def _renew(console: Console) -> int:
    """Renew the epochs of all rooms and return their number. Raises `SettingsError`."""
    if not console.hooks.provides("renew_epoch"):
        raise SettingsError("No plugin provides renew_epoch.", "Name one in [tornchat] plugins that does.")
    renewed = 0
    after: str | None = None
    while page := await console.hooks.list_rooms(console.user, after, PAGE_ROOMS):
        for room in page:
            await console.hooks.renew_epoch(room.name, room.epoch)
        renewed, after = renewed + len(page), page[-1].name
    return renewed
