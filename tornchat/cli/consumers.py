"""`tornchat consumers`: how far the consumers of plugins are, and setting their cursors."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial

import click
import msgspec

from tornchat.cli.console import Console, managing
from tornchat.cli.masking import printable
from tornchat.cli.options import BESIDE_A_SERVER, Given, with_settings
from tornchat.model import ConsumerState, Cursor

MOST_ROOMS = 1000


@click.command("consumers", epilog=BESIDE_A_SERVER)
@click.argument("name", required=False)
@with_settings
@click.option("--room", help="Only this room, with --replay-from or --skip. [default: all rooms]")
@click.option(
    "--replay-from", "seq", type=click.IntRange(1), metavar="SEQ", help="Hand over again from this entry on."
)
@click.option("--skip", is_flag=True, help="Hand over nothing that is stored by now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    given: Given, name: str | None, room: str | None, seq: int | None, skip: bool, as_json: bool
) -> None:
    """List the consumers, or the rooms where the consumer NAME is behind: position, lag and last error.

    The server goes on from where a cursor was set.
    """
    if seq is not None or skip:
        if name is None or (seq is not None and skip):
            raise click.UsageError("Give the NAME of a consumer, and one of --replay-from and --skip.")
        count = managing(given, partial(_set, name, room, None if seq is None else seq - 1))
        if not count:
            raise click.ClickException(f"No consumer {printable(name)} has a cursor there.")
        click.echo(f"The cursor was set in {count:,} rooms.")
        return
    if room is not None:
        raise click.UsageError("--room is for --replay-from and --skip.")
    found = managing(given, _states if name is None else partial(_cursors, name), writes=False)
    for one in found:
        click.echo(json.dumps(msgspec.to_builtins(one)) if as_json else _line(one))


async def _states(console: Console) -> Sequence[ConsumerState | Cursor]:
    return await console.hooks.read_consumers()


async def _cursors(name: str, console: Console) -> Sequence[ConsumerState | Cursor]:
    found: list[Cursor] = []
    while page := await console.hooks.read_cursors(name, found[-1].room if found else None, MOST_ROOMS):
        found += page
    return found


async def _set(name: str, room: str | None, seq: int | None, console: Console) -> int:
    count = await console.hooks.set_cursors(name, room, seq)
    if count:
        what = "skip" if seq is None else f"replay from {seq + 1}"
        await console.audit.record(console.user, "set cursor", None, "", f"{name} {room or '*'}: {what}")
    return count


def _line(one: ConsumerState | Cursor) -> str:
    if isinstance(one, ConsumerState):
        served = f"on node {one.holder}" if one.holder and one.until > time.time() else "on no node"
        words = [one.name, served, f"{one.entries:,} entries behind in {one.rooms:,} rooms"]
    else:
        behind = f"{one.head_seq - one.seq:,} entries behind"
        words = [one.room, f"at {one.seq} of {one.head_seq}", behind, one.error]
    return "\t".join(printable(word) for word in words).rstrip("\t")
