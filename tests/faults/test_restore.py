"""A backup is restored with the server stopped: no client resumes over the entries that are missing."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import run
from tests.stage import Player, Stage, serving

Welcome = dict[str, Any]


async def say(stage: Stage, *texts: str) -> Welcome:
    """Say these texts, wait for their acks, and give the position of the last one."""
    player = await stage.enters("romeo", "hall", v1=True)
    welcome = await player.next_of("welcome")
    for text in texts:
        await player.says(text, client_id=text.replace(" ", "-"))
        welcome["seq"] = (await player.next_of("ack"))["seq"]
    await stage.clear()
    return welcome


async def resume(stage: Stage, seen: Welcome) -> tuple[Welcome, list[str]]:
    """Come back from this position, and give the welcome and what is sent after it."""
    query = {"epoch": seen["epoch"], "since": seen["seq"]}
    player = await stage.enters("juliet", "hall", v1=True, query=query)
    welcome = await player.next_of("welcome")
    await player.says("end", client_id="end")
    texts = await _until_end(player)
    await stage.clear()
    return welcome, texts


async def _until_end(player: Player) -> list[str]:
    texts: list[str] = []
    while not texts or texts[-1] != "end":
        texts.append(await player.hears())
    return texts[:-1]


def back_up(data_dir: Path) -> Path:
    copy = data_dir.parent / "backup.db"
    with (
        closing(sqlite3.connect(data_dir / "tornchat.db")) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def restore(data_dir: Path, copy: Path) -> None:
    """Do what docs/operating.md says."""
    shutil.copy(copy, data_dir / "tornchat.db")
    for name in ("tornchat.db-wal", "tornchat.db-shm"):
        (data_dir / name).unlink(missing_ok=True)


def log_of(data_dir: Path) -> str:
    return (data_dir.parent / "server.log").read_text()


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.long
def test_nobody_resumes_over_what_a_restore_lost(tmp_path: Path, killed: bool) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        asyncio.run(say(server.stage, "one", "two"))
        copy = back_up(data_dir)
        seen = asyncio.run(say(server.stage, "lost 3", "lost 4"))
        if killed:
            server.kill()
        else:
            server.stop()
    restore(data_dir, copy)
    with serving(data_dir) as server:
        asyncio.run(say(server.stage, "new 3", "new 4", "new 5"))  # beyond the position that juliet has seen
        welcome, texts = asyncio.run(resume(server.stage, seen))
    assert welcome["epoch"] != seen["epoch"]
    assert (welcome["recovered"], texts) == (False, ["one", "two", "new 3", "new 4", "new 5"])
    assert (
        log_of(data_dir).count(
            "Rooms that went back: 1; rooms with new epochs, whose clients get a fresh history: 1."
        )
        == 1
    )


@pytest.mark.long
def test_a_kill_without_a_restore_draws_no_epochs(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        seen = asyncio.run(say(server.stage, "one", "two"))
        server.kill()
    with serving(data_dir) as server:
        asyncio.run(say(server.stage, "three"))
        welcome, texts = asyncio.run(resume(server.stage, seen))
    assert (welcome["epoch"], welcome["recovered"], texts) == (seen["epoch"], True, ["three"])
    assert "new epochs" not in log_of(data_dir)


@pytest.mark.long
def test_new_epochs_are_assigned_where_the_positions_were_restored_too(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        asyncio.run(say(server.stage, "one"))
        copy = back_up(data_dir)
        seen = asyncio.run(say(server.stage, "lost 2"))
        server.stop()
    restore(data_dir, copy)
    shutil.rmtree(data_dir / "positions")
    done = run(tmp_path, "migrate", "--new-epochs", "--set", f"tornchat.data_dir={data_dir}")
    assert (done.returncode, done.stdout) == (0, "Rooms with new epochs: 1.\n"), done.stderr
    with serving(data_dir) as server:
        asyncio.run(say(server.stage, "new 2", "new 3"))
        welcome, texts = asyncio.run(resume(server.stage, seen))
    assert (welcome["recovered"], texts) == (False, ["one", "new 2", "new 3"])
