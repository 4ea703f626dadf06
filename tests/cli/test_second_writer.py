"""D2: beside a running server, a SQLite with the WAL-reset bug has no second process that writes."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tornchat_peewee.sqlite import SqliteBackend

from tests.cli.histories import fill, own_log
from tests.cli.process import run
from tests.plugins.peeweekit import Handle, plugin
from tests.stage import Process, serving
from tornchat import SettingsError
from tornchat.cli import main

pytestmark = pytest.mark.skipif(
    sqlite3.sqlite_version_info > (3, 51, 2), reason="this SQLite has no WAL-reset bug"
)
WRITING = [
    ("history", "import", "hall.jsonl"),
    ("history", "prune", "--older-than", "1d", "--yes"),
    ("user", "erase", "romeo", "--yes"),
    ("user", "ban", "romeo"),
    ("room", "create", "attic"),
    ("room", "delete", "hall", "--yes"),
    ("room", "members", "hall", "--give", "romeo", "member"),
    ("room", "slow", "hall", "30"),
    ("room", "describe", "hall", "--topic", "Balls"),
    ("user", "unban", "romeo"),
    ("user", "disconnect", "romeo"),
    ("user", "revoke", "romeo"),
    ("reports", "--resolve", "1"),
    ("consumers", "bot", "--skip"),
    ("migrate",),
    ("migrate", "--new-epochs"),
]
READING = [
    ("history", "export", "hall"),
    ("history", "prune", "--older-than", "1d", "--dry-run"),
    ("user", "export", "romeo"),
    ("room", "list"),
    ("room", "members", "hall"),
    ("room", "describe", "hall"),
    ("reports",),
    ("consumers",),
    ("consumers", "bot"),
    ("audit",),
    ("check",),
]


def command(folder: Path, *words: str) -> Result:
    """Carry out a command in this process; a new process for each would be slow."""
    with chdir(folder), own_log():
        return CliRunner().invoke(main, words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    fill(folder, 3)
    assert command(folder, "history", "export", "hall", "--output", "hall.jsonl").exit_code == 0
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Process]:
    with serving(folder / "tornchat-data") as running:
        yield running
        assert running.stop() == 0


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
@pytest.mark.long
def test_a_command_that_writes_is_refused_with_the_holder_and_the_cure(
    folder: Path, server: Process, words: tuple[str, ...]
) -> None:
    done = command(folder, *words)
    assert done.exit_code == 1
    assert f"process {server.process.pid} uses" in done.output
    assert "WAL-reset bug" in done.output
    assert "Stop it first; or pip install 'tornchat[apsw]'" in done.output


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_command_that_only_reads_goes_on(folder: Path, server: Process, words: tuple[str, ...]) -> None:
    done = command(folder, *words)
    assert done.exit_code == 0, done.output


def commands(words: tuple[str, ...] = (), found: click.Command = main) -> Iterator[tuple[str, ...]]:
    if not isinstance(found, click.Group):
        yield words
        return
    with click.Context(found) as context:
        parts = [(name, found.get_command(context, name)) for name in found.list_commands(context)]
    for name, part in parts:
        assert part is not None
        yield from commands((*words, name), part)


OTHERS = {
    ("serve",),
    ("init",),
    ("token",),
    ("config",),
    ("plugins",),
    ("openapi",),
    ("asyncapi",),
    ("chat",),
    ("worker",),
}
"""The commands that open no storage, and the server itself."""


def test_each_command_that_opens_the_storage_is_tried_here_and_its_help_says_what_holds(
    folder: Path,
) -> None:
    known = {words[: 2 if words[0] in ("history", "user", "room") else 1] for words in WRITING}
    reading = {words[: 2 if words[0] in ("history", "user", "room") else 1] for words in READING} - known
    assert set(commands()) == known | reading | OTHERS
    for words in known:
        told = " ".join(command(folder, *words, "--help").output.split())
        assert "With SQLite 3.51.2 or older, as in most Pythons, whatever changes" in told, words
    for words in reading | OTHERS:
        assert "3.51.2" not in command(folder, *words, "--help").output, words


def test_a_refused_command_ends_with_one_line(folder: Path, server: Process) -> None:
    done = run(folder, "room", "create", "attic")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"process {server.process.pid} uses" in done.stderr


HOLD = """
import asyncio, sys
from tests.plugins.peeweekit import storage

async def hold():
    async with storage(sys.argv[1]):
        print(flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""


@contextmanager
def holding(url: str) -> Iterator[int]:
    """A process that writes as a command does; its pid."""
    words = [sys.executable, "-c", HOLD, url]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process.pid


class Server(Handle):
    exclusive = True


async def started(url: str, handle: Handle) -> None:
    opened = plugin(url)
    try:
        await opened.startup(handle)
    finally:
        await opened.shutdown()


@pytest.mark.parametrize("handle", [Handle(), Server()], ids=["command", "server"])
def test_who_comes_while_a_command_writes_waits_for_its_end_and_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: Handle
) -> None:
    monkeypatch.setattr("tornchat_peewee.writer_lock.COMMAND_PATIENCE", 0.1)
    url = f"sqlite:///{tmp_path}/chat.db"
    with holding(url) as pid, pytest.raises(SettingsError, match=f"process {pid} uses") as refused:
        asyncio.run(started(url, handle))
    assert refused.value.cure.startswith("Wait until it has ended; or pip install")
    asyncio.run(started(url, handle))  # the lock went with its process


@pytest.mark.parametrize("handle", [Handle(), Server()], ids=["command", "server"])
def test_a_sqlite_without_the_bug_has_commands_beside_others(tmp_path: Path, handle: Handle) -> None:
    url = f"apsw:///{tmp_path}/chat.db"
    with holding(url):
        asyncio.run(started(url, handle))


def test_what_reads_refuses_a_database_that_it_would_have_to_migrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reading(Handle):
        writes = False

    monkeypatch.setattr("tornchat_peewee.writer_lock.COMMAND_PATIENCE", 0.1)
    url = f"sqlite:///{tmp_path}/chat.db"
    with holding(url):
        asyncio.run(started(url, Reading()))
        monkeypatch.setattr(SqliteBackend, "pending", lambda self: True)
        with pytest.raises(SettingsError, match="WAL-reset bug"):
            asyncio.run(started(url, Reading()))
