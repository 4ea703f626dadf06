"""What holds for all tests: generated examples may take their time, and where the databases are."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.postgres import PostgresServer, postgres_server

settings.register_profile("tornchat", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tornchat")

BROWSERS = ("browser", "second browser")
"""The groups of the tests with a browser: each has one."""
LONGEST = (
    *BROWSERS,
    "tests/cli/test_managing.py",
    "tests/cli/test_workers.py",
    "tests/test_docs.py",
    "tests/cli/test_history_interrupted.py",
    "tests/faults/test_redis_presence.py",
    "tests/cli/test_serve.py",
    "tests/cli/test_supervisor.py",
    "tests/cli/test_chat.py",
    "tests/faults/test_consumers_killed.py",
    "tests/faults/test_redis_down.py",
    "tests/client/test_staying.py",
    "tests/plugins/test_webhooks.py",
    "tests/cli/test_stderr.py",
    "tests/hostile/test_fuzz.py",
    "tests/faults/test_flood.py",
    "tests/faults/test_postgres_down.py",
    "tests/server/ws/test_shared.py",
    "tests/faults/test_removal_without_bus.py",
    "tests/faults/test_slow_members.py",
    "tests/faults/test_kill.py",
    "tests/faults/test_pooler_down.py",
)
"""The groups of tests that take longest (10 seconds and more, of `pytest --durations=150`), longest first."""
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30
"""The free space that is asked of `MEMORY`; all tests together need less than 1 GiB."""
WORKER_OPTIONS = re.compile(r"-n|-d$|--(numprocesses|dist|tx|maxprocesses|px)\b")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """What is named runs whole, and single files in this process, where a debugger works.

    Without names, the tests marked `long` are left out. `-m` and `-n` on the command line win.
    """
    keep_bytecode()
    use_memory()
    words = [str(word) for word in config.invocation_params.args]
    chosen = any(WORKER_OPTIONS.match(word) for word in words)
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    if named and not any(word.startswith("-m") for word in words):
        config.option.markexpr = "not alone and not endless"
    if named and not chosen and all(is_file(config.invocation_params.dir, word) for word in config.args):
        config.option.numprocesses = 0


def keep_bytecode() -> None:
    """Let this process and its children keep compiled modules, whatever the environment says.

    Hundreds of servers and commands import the same modules; compiling them takes half of a start.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def use_memory() -> None:
    """Let temporary files lie in memory, unless TMPDIR is set: hundreds of databases wait for the disk."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def is_file(directory: Path, argument: str) -> bool:
    """True if an argument of pytest is a file, or a test in one."""
    return (directory / argument.partition("::")[0]).is_file()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The groups that take longest begin first, so that no worker is left with one of them at the end.

    All tests with a browser are `long`.
    """
    for item in items:
        if group_of(item.nodeid) in BROWSERS:
            item.add_marker(pytest.mark.long)
    ranks = {group: rank for rank, group in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(group_of(item.nodeid), len(ranks)))


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Runs the tests of a group in one worker, one after another.

    xdist has this for the mark `xdist_group`, too, but with pytest 9.2 it ignores the mark, without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups | None:
    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


def group_of(nodeid: str) -> str:
    """The tests that share a worker: those of a file, and those that share a browser."""
    file = nodeid.partition("::")[0]
    if not file.startswith("tests/browser/"):
        return file
    return BROWSERS[file > "tests/browser/test_m"]  # each has half of the tests


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started once for all tests that need one."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Each kind of database in turn: a directory for SQLite's, the URL of a new one in PostgreSQL."""
    if request.param == "sqlite":
        return tmp_path
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_place()


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exclude the processes that a test starts from coverage: tracing would change what it measures."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
