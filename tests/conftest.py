"""What holds for all tests: generated examples may take their time, and where the databases are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import PostgresServer, postgres_server

settings.register_profile("tornchat", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tornchat")


WORKER_OPTIONS = re.compile(r"-n|-d$|--(numprocesses|dist|tx|maxprocesses|px)\b")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Single files and tests run in this process, where a debugger works. `-n` on the command line wins."""
    chosen = any(WORKER_OPTIONS.match(str(word)) for word in config.invocation_params.args)
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    if named and not chosen and all(is_file(config.invocation_params.dir, word) for word in config.args):
        config.option.numprocesses = 0


def is_file(directory: Path, argument: str) -> bool:
    """True if an argument of pytest is a file, or a test in one."""
    return (directory / argument.partition("::")[0]).is_file()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay with one worker, and so do all that have a browser: several starve each other."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = "browser" if file.startswith("tests/browser/") else file
        item.add_marker(pytest.mark.xdist_group(group))


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
