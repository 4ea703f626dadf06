"""`serve --workers`: how all of it ends, and what is refused."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import run, running
from tests.valkey import Valkey, valkey
from tests.workers import READY, Workers, gone, options_of_one_chat, workers
from tornchat.cli.child import Child


@pytest.fixture(scope="module")
def bus() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def options(tmp_path: Path, bus: Valkey) -> list[str]:
    return options_of_one_chat(tmp_path, bus)


@pytest.mark.long
def test_a_signal_drains_all_and_more_of_them_change_nothing(tmp_path: Path, options: list[str]) -> None:
    async def play(server: Workers) -> list[int]:
        players = [await server.stage.enters(f"p{n}", "hall") for n in range(6)]
        server.parent.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(server.parent.sees, "stopping")
        server.parent.process.send_signal(signal.SIGINT)
        server.parent.process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*(player.is_closed() for player in players))

    with workers(tmp_path, options) as server:
        pids = [server.pid(1), server.pid(2)]
        assert asyncio.run(play(server)) == [1001] * 6
        assert server.parent.ends() == 0
        assert all(gone(pid) for pid in pids)


@pytest.mark.long
def test_who_kills_the_parent_ends_the_workers(tmp_path: Path, options: list[str]) -> None:
    with workers(tmp_path, options) as server:
        pids = [server.pid(1), server.pid(2)]
        server.parent.process.kill()
        end = time.monotonic() + 10
        while not all(gone(pid) for pid in pids):
            assert time.monotonic() < end, "a worker has outlived its parent"
            time.sleep(0.02)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.stage.port))


@pytest.mark.long
def test_a_worker_that_stands_still_is_killed_in_time_and_that_is_no_good_end(
    tmp_path: Path, options: list[str]
) -> None:
    with workers(tmp_path, [*options, "--set", "server.drain_seconds=0"]) as server:
        stuck = server.pid(1)
        os.kill(stuck, signal.SIGSTOP)
        began = time.monotonic()
        assert server.stop() == 1
        assert time.monotonic() - began < 10  # 4.5 s, and what a busy machine takes
        assert gone(stuck)


def test_a_worker_that_is_stopped_before_it_handles_signals_is_a_good_end() -> None:
    async def play() -> bool:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            child = await Child.start(1, [], [listening], 0)
            return await child.stop()

    assert asyncio.run(play())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.long
def test_a_stop_during_the_migration_is_a_good_end(
    tmp_path: Path, options: list[str], number: signal.Signals
) -> None:
    """The parent waits for the lock of another process that migrates; it must not wait for its end."""
    lock = tmp_path / "tornchat.db.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with running(tmp_path, "serve", "--port", "0", "--workers", "2", *options) as parent:
            end = time.monotonic() + 20
            while not has_open(parent.process.pid, lock):
                assert time.monotonic() < end, "the migration has not begun"
                time.sleep(0.02)
            began = time.monotonic()
            parent.process.send_signal(number)
            assert parent.ends() == 0
            assert time.monotonic() - began < 5
    assert not parent.logged(READY)


def has_open(pid: int, file: Path) -> bool:
    return any(opened(one) == str(file) for one in Path(f"/proc/{pid}/fd").iterdir())


def opened(descriptor: Path) -> str:
    """Return what a descriptor refers to; `""` if it was closed since it was listed."""
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return ""


# --- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_broadcast_inside_one_process_is_refused_with_the_cure(tmp_path: Path, command: str) -> None:
    told = run(tmp_path, command, "--set", "server.workers=2")
    assert told.returncode == 1
    assert "local" in told.stderr
    assert "Load redis" in told.stderr
    assert not (tmp_path / "tornchat-data").exists()


@pytest.mark.skipif(sqlite3.sqlite_version_info > (3, 51, 2), reason="this SQLite has no WAL-reset bug")
def test_a_sqlite_that_may_corrupt_the_file_is_refused_with_the_cure(
    tmp_path: Path, options: list[str]
) -> None:
    own = f"peewee.url=sqlite:///{tmp_path}/tornchat.db"
    told = run(tmp_path, "serve", "--port", "0", "--workers", "2", *options, "--set", own)
    assert told.returncode == 1
    assert "WAL-reset bug" in told.stderr
    assert "tornchat[apsw]" in told.stderr
    assert not (tmp_path / "tornchat.db").exists()


@pytest.mark.long
def test_when_no_worker_gets_ready_the_parent_ends_and_says_so(tmp_path: Path, options: list[str]) -> None:
    nowhere = f"redis.url=unix://{tmp_path}/nobody.sock"
    told = run(tmp_path, "serve", "--port", "0", "--workers", "2", *options, "--set", nowhere)
    assert told.returncode == 1
    assert "No worker got ready" in told.stderr
    assert told.stdout == ""
