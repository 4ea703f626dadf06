"""`tornchat audit`: who did what to whom, and when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import click
import msgspec

from tornchat.cli.console import Console, managing
from tornchat.cli.masking import printable
from tornchat.cli.options import Given, with_settings
from tornchat.model import AuditEntry
from tornchat.wire.times import timestamp


@click.command("audit")
@with_settings
@click.option(
    "--user", "user_id", metavar="USER_ID", help="Only what this user did, or what was done to them."
)
@click.option("--room", help="Only of this room.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(given: Given, user_id: str | None, room: str | None, limit: int, as_json: bool) -> None:
    """Print the last things that moderators, owners, admins and this command line did, oldest first."""
    for entry in reversed(managing(given, partial(_read, user_id, room, limit))):
        click.echo(json.dumps(msgspec.to_builtins(entry)) if as_json else _line(entry))


async def _read(user_id: str | None, room: str | None, limit: int, console: Console) -> Sequence[AuditEntry]:
    return await console.hooks.read_audit(None, limit, user_id, room)


def _line(entry: AuditEntry) -> str:
    at = timestamp(entry.at)
    words = [at, entry.actor, entry.action, entry.target or "-", entry.room or "-", entry.detail]
    return "\t".join(printable(word) for word in words).rstrip("\t")
