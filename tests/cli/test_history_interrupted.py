"""`tornchat history` is interrupted at any time: nothing is lost, doubled or half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.cli.held import HELD
from tests.cli.histories import count, fill, rows
from tests.cli.process import COMMAND, environment, run
from tests.stage import COUNT
from tornchat.log.retention import BATCH_ENTRIES

ROOT = Path(__file__).parents[2]
KILLS = COUNT or 2
MANY = 20_000 * max(1, KILLS // 3)


def interrupted(folder: Path, number: int, so_far: Callable[[], bool], *arguments: str) -> int:
    """Run a command, send it a signal as soon as it is `so_far`, and give its exit status."""
    command = [*COMMAND, *arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 30
    while process.poll() is None and not so_far() and time.monotonic() < end:
        time.sleep(0.0005)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert process.returncode in (0, -number, 130), said
    return process.returncode


def reaches(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size > size


def has_more(folder: Path, entries: int) -> bool:
    return count(folder, "den") > entries


def has_less(folder: Path, entries: int) -> bool:
    return count(folder, "hall") < entries


@pytest.mark.parametrize("form", ["jsonl", "csv", "html"] if COUNT else ["html"])
@pytest.mark.long
def test_an_export_that_is_killed_goes_on_and_is_whole(tmp_path: Path, form: str) -> None:
    fill(tmp_path, MANY)
    part, whole = tmp_path / f"hall.{form}.part", tmp_path / f"hall.{form}"
    export = ("history", "export", "hall", "--output", whole.name)
    reached, cut = 0, 0
    while cut < KILLS and interrupted(tmp_path, signal.SIGKILL, partial(reaches, part, reached), *export):
        cut += 1
        assert not whole.exists()
        reached = part.stat().st_size
    assert run(tmp_path, *export).returncode == 0
    assert not part.exists()
    told = subprocess.run(
        [*COMMAND, "history", "export", "hall", "--format", form], cwd=tmp_path, capture_output=True
    )
    assert whole.read_bytes() == told.stdout
    print(f"\n{form}: {cut} exports killed, the last at {reached:,} bytes; the file is the same byte by byte")


@pytest.mark.long
def test_an_import_that_is_killed_goes_on_and_doubles_nothing(tmp_path: Path) -> None:
    fill(tmp_path, MANY)
    run(tmp_path, "history", "export", "hall", "--output", "hall.jsonl")
    restore = ("history", "import", "hall.jsonl", "--room", "den")
    cut = stored = 0
    while cut < KILLS and interrupted(
        tmp_path, signal.SIGKILL, partial(has_more, tmp_path, stored), *restore
    ):
        cut += 1
        stored = count(tmp_path, "den")
    assert run(tmp_path, *restore).returncode == 0
    there, here = rows(tmp_path, "hall"), rows(tmp_path, "den")
    lost, doubled = len(set(there) - set(here)), len(here) - len(set(here))
    print(f"\n{cut} imports killed, {stored} stored by then; lost: {lost}, doubled: {doubled}")
    assert (lost, doubled) == (0, 0)
    assert here == there


@pytest.mark.long
def test_a_pruning_that_is_killed_leaves_no_hole(tmp_path: Path) -> None:
    fill(tmp_path, MANY)
    prune = ("history", "prune", "hall", "--older-than", "1d")
    cut, left = 0, MANY
    while cut < KILLS and interrupted(tmp_path, signal.SIGKILL, partial(has_less, tmp_path, left), *prune):
        cut += 1
        left = count(tmp_path, "hall")
        kept = [text for text, _, _ in rows(tmp_path, "hall")]
        assert kept == [f"line {number}" for number in range(MANY - left, MANY)]
    print(f"\n{cut} prunings killed, {left} of {MANY} entries left, without a hole")
    assert count(tmp_path, "hall") < MANY


@pytest.mark.long
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    fill(tmp_path, MANY)
    prune = ("history", "prune", "--older-than", "1d", "--yes")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.held", *prune],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{HELD}\n"
            process.send_signal(signal.SIGINT)
            printed, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, printed) == (130, "")
    assert said == "Interrupted; the same command goes on from there.\n"
    left = MANY - BATCH_ENTRIES
    assert len(rows(tmp_path, "hall")) == left
    assert run(tmp_path, *prune).stdout == f"{left:,} entries forgotten.\n"
