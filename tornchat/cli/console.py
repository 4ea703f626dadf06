"""What the commands that manage a chat share: its storage, and an audit with the name of who typed them."""

from __future__ import annotations

import asyncio
import getpass
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from tornchat.cli import logs
from tornchat.cli.borrowed import storage
from tornchat.cli.options import Given
from tornchat.config.settings import Settings
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import ADMIN, User
from tornchat.service.audit import Audit

Answer = TypeVar("Answer")


class Console:
    """The storage of a chat, whether its server runs or not: nodes find within seconds what was changed."""

    def __init__(self, settings: Settings, hooks: Hooks) -> None:
        self.settings = settings
        self.hooks = hooks
        self.user = User(f"console:{_account()}", "console", frozenset({ADMIN}))
        self.audit = Audit(hooks, f"console-{secrets.token_hex(6)}", 0)


def managing(given: Given, work: Callable[[Console], Awaitable[Answer]], writes: bool = True) -> Answer:
    """Do `work` and end. What is refused ends the command with its words. `writes` is as for `storage`."""
    settings = given.settings()
    logs.to_stderr("error")
    try:
        return asyncio.run(_manage(settings, work, writes))
    except ChatError as error:
        raise click.ClickException(error.text) from None


async def _manage(settings: Settings, work: Callable[[Console], Awaitable[Answer]], writes: bool) -> Answer:
    async with storage(settings, writes) as hooks:
        return await work(Console(settings, hooks))


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
