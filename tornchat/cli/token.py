"""`tornchat token`: prints a token that the server accepts."""

from __future__ import annotations

import asyncio

import click

from tornchat.cli.options import Given, with_settings
from tornchat.config.settings import Settings
from tornchat.hooks.loader import load_plugins
from tornchat.model import User

DAY = 86400


@click.command("token")
@click.argument("username")
@with_settings
@click.option("--id", "user_id", help="The user's id. [default: the username]")
@click.option(
    "--ttl", type=click.IntRange(min=1), default=DAY, show_default=True, help="Validity in seconds."
)
@click.option("--role", "roles", multiple=True, help="A role of the user; may be repeated.")
def command(given: Given, username: str, user_id: str | None, ttl: int, roles: tuple[str, ...]) -> None:
    """Print a token for USERNAME, signed with the server's key."""
    user = User(user_id or username, username, frozenset(roles))
    click.echo(asyncio.run(issue(given.settings(), user, ttl)))


async def issue(settings: Settings, user: User, lifetime: float) -> str:
    """Return a token issued by a loaded plugin. Raises `SettingsError` if no plugin issues tokens."""
    hooks = load_plugins(settings).hooks
    try:
        return hooks.issue_token(user, lifetime)
    finally:
        await hooks.close()
