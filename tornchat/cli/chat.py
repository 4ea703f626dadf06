"""`tornchat chat`: a chat client for the terminal."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from types import MappingProxyType
from urllib.parse import quote, urlsplit

import click

from tornchat.cli.options import Given, with_settings
from tornchat.cli.terminal import Terminal
from tornchat.cli.token import DAY, issue
from tornchat.errors import SettingsError
from tornchat.model import User

SCHEMES = MappingProxyType({"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"})
ANY_ADDRESS = MappingProxyType(
    {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 (not bound here)
)


@click.command("chat")
@click.argument("room")
@with_settings
@click.option("--as", "username", metavar="USERNAME", help="The user to join as, with a new token.")
@click.option("--url", metavar="URL", help="The server: ws://host:port. [default: from the settings]")
@click.option("--token", envvar="TORNCHAT_TOKEN", help="A token to use; also $TORNCHAT_TOKEN.")
@click.pass_context
def command(
    context: click.Context, given: Given, room: str, username: str | None, url: str | None, token: str | None
) -> None:
    """Chat in ROOM. Each line of input is sent as a message, until the end of input.

    In a terminal, with the extra `chat` (prompt_toolkit), what comes in does not disturb what you type; type
    /help for the commands. In pipes, lines are plain.
    """
    base = _base(url) if url else _own(given)
    token = _sendable(token) if token else _made(given, username)
    try:
        client = _client()
        context.exit(asyncio.run(_run(client, f"{base}/ws/chat/{quote(room, safe='')}/", token)))
    except KeyboardInterrupt:
        context.exit(130)


async def _run(client: type[Terminal], url: str, token: str) -> int:
    return await client(url, token).run()


def _client() -> type[Terminal]:
    """Return the client for a person if there is a terminal and prompt_toolkit, else the plain one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        return Terminal
    if importlib.util.find_spec("prompt_toolkit") is None:
        click.echo("* pip install 'tornchat[chat]' for a better line to type in", err=True)
        return Terminal
    from tornchat.cli.screen import Screen  # noqa: PLC0415 (needs the extra)

    return Screen


def _made(given: Given, username: str | None) -> str:
    if not username:
        raise click.UsageError("Say who you are with --as USERNAME, or bring a --token.")
    return asyncio.run(issue(given.settings(), User(username, username), DAY))


def _sendable(token: str) -> str:
    """Return the token without surrounding white space. Raises `SettingsError` if it is invalid."""
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise SettingsError("The token holds a character that no token has.", "Give it whole, on one line.")
    return token


def _own(given: Given) -> str:
    settings = given.settings().tornchat
    if not settings.port:
        raise SettingsError(
            "[tornchat] port is 0, which is any.", "Say where the server is: --url ws://host:port."
        )
    host = ANY_ADDRESS.get(settings.host, settings.host)
    return f"ws://[{host}]:{settings.port}" if ":" in host else f"ws://{host}:{settings.port}"


def _base(url: str) -> str:
    try:
        parts = urlsplit(url if "://" in url else f"ws://{url}")
        fits = parts.scheme in SCHEMES and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:  # unbalanced brackets or an invalid port
        fits = False
    if not fits:
        raise SettingsError("--url is no address of a server.", "Write ws://host:port or wss://host.")
    return f"{SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}"
