"""`tornchat reports`: which messages users have reported, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import click
import msgspec

from tornchat.cli.console import Console, managing
from tornchat.cli.masking import printable
from tornchat.cli.options import BESIDE_A_SERVER, Given, with_settings
from tornchat.errors import ChatError
from tornchat.model import Report, ReportState

STATES: tuple[ReportState, ...] = ("open", "resolved", "dismissed")


@click.command("reports", epilog=BESIDE_A_SERVER)
@with_settings
@click.option("--room", help="Only of this room.")
@click.option("--state", type=click.Choice(STATES), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--resolve", type=int, metavar="ID", help="First close this report: something was done.")
@click.option("--dismiss", type=int, metavar="ID", help="First close this report: nothing had to be done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    given: Given,
    room: str | None,
    state: ReportState,
    limit: int,
    resolve: int | None,
    dismiss: int | None,
    as_json: bool,
) -> None:
    """Print the messages that users have reported, newest first.

    Id, time, state, room, position, sender, reporter, reason, and the message.
    """
    if resolve is not None:
        managing(given, partial(_close, resolve, "resolved"))
    if dismiss is not None:
        managing(given, partial(_close, dismiss, "dismissed"))
    for report in managing(given, partial(_read, room, state, limit), writes=False):
        click.echo(json.dumps(msgspec.to_builtins(report)) if as_json else _line(report))


async def _read(room: str | None, state: ReportState, limit: int, console: Console) -> Sequence[Report]:
    return await console.hooks.read_reports(console.user, room, state, None, None, limit)


async def _close(report_id: int, state: ReportState, console: Console) -> None:
    found = await console.hooks.read_reports(console.user, None, "open", None, report_id + 1, 1)
    if not found or found[0].id != report_id:
        raise ChatError("not_found", f"There is no open report {report_id}.")
    room = await console.hooks.open_room(found[0].room, console.user, False, 0, None)
    if room is None or not await console.hooks.close_report(room.name, report_id, state, console.user.id):
        raise ChatError("not_found", f"There is no open report {report_id} any more.")
    action = "resolve report" if state == "resolved" else "dismiss report"
    await console.audit.record(console.user, action, room, detail=f"report {report_id}")


def _line(report: Report) -> str:
    at = datetime.fromtimestamp(report.at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    where = (str(report.id), at, report.state, report.room, str(report.seq))
    words = (*where, report.sender_id, report.reporter, report.reason, report.text)
    return "\t".join(printable(word) for word in words)
