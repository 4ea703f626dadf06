"""`tornchat history`: export, import and deletion of messages."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from tornchat.archive.export import Export, Exported
from tornchat.archive.formats import Format
from tornchat.archive.jsonl import JsonLines
from tornchat.archive.opening import Opening
from tornchat.archive.page import HtmlPage
from tornchat.archive.partfile import PartFile
from tornchat.archive.restore import Restore
from tornchat.archive.source import Source
from tornchat.archive.table import Table
from tornchat.cli import ages, logs
from tornchat.cli.borrowed import all_rooms, storage
from tornchat.cli.masking import printable
from tornchat.cli.options import BESIDE_A_SERVER, Given, with_settings
from tornchat.cli.progress import Told, shown
from tornchat.config.settings import Settings
from tornchat.errors import CODES, SettingsError
from tornchat.hooks.calls import Hooks
from tornchat.hooks.loader import load_plugins
from tornchat.log import retention as pruning
from tornchat.service.drafts import Drafts

FORMATS: Mapping[str, Callable[[], Format]] = MappingProxyType(
    {"jsonl": JsonLines, "csv": Table, "html": HtmlPage}
)
INTERRUPTED = 130
STDOUT = Path("-")
Work = Callable[[Settings, Told], Coroutine[Any, Any, Any]]


@click.group("history", epilog=BESIDE_A_SERVER)
def command() -> None:
    """Export, import or delete messages."""


@command.command("export")
@click.argument("room")
@with_settings
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), help="[default: by the suffix of FILE, or jsonl]"
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE")
def export(given: Given, room: str, form: str | None, output: Path | None) -> None:
    """Write the history of ROOM to FILE, or to stdout.

    Repeating the command continues an interrupted export, and appends new messages.
    """
    output = output or STDOUT
    made = FORMATS[form or _form_of(output)]()
    done: Exported = _run(given, "exporting", partial(_export, room, made, output))
    kept = f", {done.kept:,} were there" if done.kept else ""
    click.echo(f"{done.added:,} entries exported{kept}.", err=True)
    if done.pruned:
        click.echo(f"{done.pruned:,} between them were pruned before they could be exported.", err=True)


@command.command("import", epilog=BESIDE_A_SERVER)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_settings
@click.option("--room", help="The room to import into. [default: the room in FILE]")
@click.option("--public", is_flag=True, help="Everybody may read FILE: its room may be a public one.")
@click.option("--skip-invalid", is_flag=True, help="Import the rest if some rows of FILE are refused.")
@click.pass_context
def import_(
    context: click.Context, given: Given, file: Path, room: str | None, public: bool, skip_invalid: bool
) -> None:
    """Import the exported history in FILE (jsonl) into a room, with its order and times.

    A new room gets the owner, the members and the sanctions of the exported one. It is private if that
    was, or if FILE does not tell. Existing messages are not changed. Repeating the command continues an
    interrupted import.

    Rows that no client could have sent are refused, one line each: nothing is imported then, unless
    --skip-invalid is given.
    """
    counts: Mapping[str, int] = _run(given, "importing", partial(_import, file, room, public, skip_invalid))
    refused = {code: count for code, count in counts.items() if code in CODES}
    stored, known, deleted = (counts[what] for what in ("stored", "known", "deleted"))
    click.echo(f"{stored:,} messages imported, {known:,} were there, {deleted:,} are deleted ones.")
    for code, count in refused.items():
        click.echo(f"{count:,} were refused ({code}): {CODES[code]}", err=True)
    context.exit(1 if refused else 0)


@command.command("prune", epilog=BESIDE_A_SERVER)
@click.argument("room", required=False)
@with_settings
@click.option(
    "--older-than",
    "age",
    type=ages.seconds,
    required=True,
    metavar="AGE",
    help="An age: 90d, 12h, 30m or 2w.",
)
@click.option("--dry-run", is_flag=True, help="Delete nothing; print the number of entries of each room.")
@click.option("--yes", is_flag=True, help="Delete from all rooms without confirmation.")
def prune(given: Given, room: str | None, age: int, dry_run: bool, yes: bool) -> None:
    """Permanently delete the messages older than AGE in ROOM, or in all rooms after a confirmation."""
    if dry_run:
        _show_prunable(_run(given, "counting", partial(_prunable, room, age)))
        return
    if room is None and not yes:
        click.confirm("Permanently delete the old messages of all rooms?", abort=True)
    count: int = _run(given, "pruning", partial(_prune, room, age))
    click.echo(f"{count:,} entries forgotten.")


def _run(given: Given, words: str, work: Work) -> Any:
    """Run `work` and show its progress. An interruption is safe; the command then exits with 130."""
    settings = given.settings()
    logs.to_stderr("error")
    try:
        with shown(words) as told:
            return asyncio.run(work(settings, told))
    except KeyboardInterrupt:
        click.echo("Interrupted; the same command goes on from there.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


async def _export(room: str, form: Format, output: Path, settings: Settings, told: Told) -> Exported:
    async with storage(settings, writes=False) as hooks:
        work = Export(hooks, room, form, told)
        if output == STDOUT:
            return await work.write(sys.stdout.buffer)
        with PartFile(output).growing() as file:
            return await work.resume(file)


async def _import(
    file: Path, room: str | None, public: bool, skip_invalid: bool, settings: Settings, told: Told
) -> Mapping[str, int]:
    kinds = load_plugins(settings).hooks.kinds.by_name
    source = Source(file, Drafts("import", settings.limits.message_chars).check, kinds)
    _show_refused(file, source.refused)
    if source.refused and not skip_invalid:
        what = f"{len(source.refused):,} of {source.count:,} rows are refused; nothing was imported."
        raise SettingsError(what, "Correct them, or say --skip-invalid to import the rest.")
    name = source.room if room is None else room
    if not re.fullmatch(settings.rooms.name_pattern, name):
        what = f"{printable(name)!r} can be no room's name ([rooms] name_pattern)."
        raise SettingsError(what, "Name another --room.")
    async with storage(settings) as hooks:
        opening = Opening(hooks, settings.rooms.default, public)
        work = Restore(hooks, source, name, opening, told)
        await work.run()
        _show_refused(file, work.refused)
        return work.outcomes


def _patience(settings: Settings) -> int:
    return settings.consumers.patience_days * pruning.DAY_MS


def _show_refused(file: Path, refused: Mapping[int, str]) -> None:
    for line, words in refused.items():
        click.echo(printable(f"{file}, line {line}: {words}."), err=True)


async def _prune(room: str | None, age: int, settings: Settings, told: Told) -> int:
    async with storage(settings) as hooks:
        await _check_prunable(hooks, room)
        return await pruning.prune(
            hooks, room, _before(age), lambda done: told(done, None), _patience(settings)
        )


async def _prunable(room: str | None, age: int, settings: Settings, told: Told) -> Mapping[str, int]:
    """Return the number of old entries of each room that has any."""
    async with storage(settings, writes=False) as hooks:
        await _check_prunable(hooks, room)
        names = await all_rooms(hooks) if room is None else [room]
        counts: dict[str, int] = {}
        for done, name in enumerate(names):
            told(done, len(names))
            counts[name] = await pruning.prunable(hooks, name, _before(age))
        return {name: count for name, count in counts.items() if count}


def _show_prunable(counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        click.echo(f"{printable(name)}\t{count}")
    click.echo(f"{sum(counts.values()):,} entries would be forgotten.")


async def _check_prunable(hooks: Hooks, room: str | None) -> None:
    pruning.refuse_without_pruning(hooks)
    if room is not None and room not in await hooks.latest_positions([room]):
        raise SettingsError(f"There is no room {room!r}.", "See how it is spelt.")


def _before(age: int) -> int:
    return int((time.time() - age) * 1000)


def _form_of(output: Path) -> str:
    suffix = output.suffix.removeprefix(".")
    return suffix if suffix in FORMATS else "jsonl"
