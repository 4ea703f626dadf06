"""`[tornchat] loop`: what the server runs on, and what it says when that can't be had."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.cli.process import run, running, serving
from tornchat.cli import loops


def take_uvloop_away(folder: Path) -> None:
    """A module in the folder of a command is found before the installed one."""
    (folder / "uvloop.py").write_text("raise ImportError('not in this test')")


def uvloop_or_skip() -> None:
    pytest.importorskip("uvloop", reason="uvloop is not installed: pip install 'tornchat[fast]'")


def test_auto_is_uvloop_where_it_is_installed(tmp_path):
    uvloop_or_skip()
    with serving(tmp_path) as (server, _):
        assert server.sees("event loop").endswith("uvloop")


def test_auto_is_asyncio_where_uvloop_is_not_installed(tmp_path):
    take_uvloop_away(tmp_path)
    with serving(tmp_path) as (server, _):
        assert server.sees("event loop").endswith("asyncio")


def test_asyncio_is_asyncio_whatever_is_installed(tmp_path):
    with serving(tmp_path, "--set", "tornchat.loop=asyncio") as (server, _):
        assert server.sees("event loop").endswith("asyncio")


@pytest.mark.parametrize("command", ["serve", "check"])
def test_uvloop_that_is_not_installed_is_one_line_with_its_cure(tmp_path, command):
    take_uvloop_away(tmp_path)
    told = run(tmp_path, command, "--set", "tornchat.loop=uvloop")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert "pip install 'tornchat[fast]'" in told.stderr
    assert not (tmp_path / "tornchat-data").exists()


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_a_loop_is_called_as_in_the_settings(name):
    if name == "uvloop":
        uvloop_or_skip()
    with asyncio.Runner(loop_factory=loops.factory(name)) as runner:
        assert loops.name(runner.get_loop()) == name


@pytest.mark.long
def test_a_server_on_uvloop_is_entered_and_stopped(tmp_path):
    uvloop_or_skip()
    with (
        serving(tmp_path, "--set", "tornchat.loop=uvloop", "--set", "server.drain_seconds=5") as (
            server,
            address,
        ),
        running(tmp_path, "chat", "lobby", "--as", "alice", "--url", f"ws://{address}") as alice,
    ):
        alice.sees("here")
        server.process.terminate()
        assert server.ends() == 0
        alice.process.wait(60)
    assert "1001" in alice.stderr
