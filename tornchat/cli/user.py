"""`tornchat user`: ban somebody from the whole site, revoke tokens, disconnect, export, erase."""

from __future__ import annotations

import time
from functools import partial

import click
import msgspec

from tornchat.archive.person import Person
from tornchat.cli import ages
from tornchat.cli.console import Console, managing
from tornchat.cli.options import BESIDE_A_SERVER, Given, with_settings
from tornchat.errors import ChatError
from tornchat.model import SITE, Sanction, SanctionKind
from tornchat.service.moderation import FOREVER, KICK_SECONDS

ERASED_AT_ONCE = 500


@click.group("user", epilog=BESIDE_A_SERVER)
def command() -> None:
    """Users, on the whole site."""


@command.command("ban", epilog=BESIDE_A_SERVER)
@click.argument("user_id")
@with_settings
@click.option("--for", "seconds", type=ages.seconds, metavar="AGE", help="As 7d, 12h. [default: ten years]")
def ban(given: Given, user_id: str, seconds: int | None) -> None:
    """Keep USER_ID out of all rooms. It binds nobody whose token has the role admin: revoke that."""
    lasting = min(float(seconds), FOREVER) if seconds is not None else FOREVER
    managing(given, partial(_set, user_id, "ban", lasting, "ban from site"))
    click.echo(f"{user_id} is banned.")


@command.command("unban", epilog=BESIDE_A_SERVER)
@click.argument("user_id")
@with_settings
def unban(given: Given, user_id: str) -> None:
    """End the ban of USER_ID from the whole site."""
    managing(given, partial(_lift, user_id))
    click.echo(f"{user_id} is not banned any more.")


@command.command("disconnect", epilog=BESIDE_A_SERVER)
@click.argument("user_id")
@with_settings
def disconnect(given: Given, user_id: str) -> None:
    """Close all connections of USER_ID, who may come again."""
    managing(given, partial(_set, user_id, "disconnect", KICK_SECONDS, "disconnect"))
    click.echo(f"{user_id} is disconnected.")


@command.command("revoke", epilog=BESIDE_A_SERVER)
@click.argument("user_id")
@with_settings
@click.option("--older-than", "age", type=ages.seconds, metavar="AGE", help="As 30m, 2h. [default: all]")
def revoke(given: Given, user_id: str, age: int | None) -> None:
    """Refuse the tokens of USER_ID that were issued before now, or that are older than AGE."""
    managing(given, partial(_revoke, user_id, age or 0))
    click.echo(f"The tokens of {user_id} are revoked.")


@command.command("export")
@click.argument("user_id")
@with_settings
def export(given: Given, user_id: str) -> None:
    """Write all that is stored of USER_ID to stdout, as JSON lines.

    Name and roles, sanctions, memberships, messages, blocks, reports, and the entries of the audit.
    """
    managing(given, partial(_export, user_id), writes=False)


@command.command("erase", epilog=BESIDE_A_SERVER)
@click.argument("user_id")
@with_settings
@click.option("--yes", is_flag=True, help="Don't ask.")
def erase(given: Given, user_id: str, yes: bool) -> None:
    """Erase USER_ID: messages, name, memberships, sanctions, blocks, reports. The audit stays.

    The login of USER_ID stays: whoever comes again with it begins anew, without the bans of before.
    """
    if not yes:
        click.confirm(f"Erase {user_id} and all their messages for ever?", abort=True)
    count = managing(given, partial(_erase, user_id))
    click.echo(f"{user_id} is erased, with {count:,} messages and deletions.")


async def _export(user_id: str, console: Console) -> None:
    async for record in Person(console.hooks, user_id).records():
        click.echo(msgspec.json.encode(record))


async def _erase(user_id: str, console: Console) -> int:
    """Erase in portions, so that messages do not wait long. The same command continues an interrupted one."""
    if not console.hooks.provides("erase_user"):
        raise ChatError("not_provided", "The loaded plugins erase no users.")
    await console.audit.record(console.user, "erase user", None, user_id)
    total = 0
    while count := await console.hooks.erase_user(user_id, ERASED_AT_ONCE):
        total += count
    return total


async def _set(
    user_id: str,
    kind: SanctionKind,
    seconds: float,
    action: str,
    console: Console,
    since: float | None = None,
) -> None:
    now = time.time()
    sanction = Sanction(
        SITE, user_id, kind, now + seconds, console.user.id, "admin", now if since is None else since
    )
    if not await console.hooks.set_sanction(sanction, 0):
        raise ChatError("not_provided", "The loaded plugin keeps no sanctions of the whole site.")
    await console.audit.record(console.user, action, None, user_id)


async def _revoke(user_id: str, age: int, console: Console) -> None:
    known = await console.hooks.read_sanctions([SITE])
    earlier = [one.since for one in known if (one.user_id, one.kind) == (user_id, "revoke")]
    since = max([time.time() - age, *earlier])
    await _set(user_id, "revoke", FOREVER, "revoke tokens", console, since)


async def _lift(user_id: str, console: Console) -> None:
    if not await console.hooks.lift_sanction(SITE, user_id, "ban"):
        raise ChatError("not_found", f"{user_id} is not banned from the site.")
    await console.audit.record(console.user, "lift ban from site", None, user_id)
