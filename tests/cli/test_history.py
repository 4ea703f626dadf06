"""`tornchat history`: what it prints, how it ends, and that a server beside it goes on."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.histories import fill, history, rows
from tests.cli.process import COMMAND, environment
from tests.stage import serving


def test_it_goes_out_comes_back_and_is_forgotten(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    out = history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    assert (out.exit_code, out.stdout, out.stderr) == (0, "", "10 entries exported.\n")
    assert (tmp_path / "hall.jsonl").stat().st_mode & 0o77 == 0
    again = history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    assert again.stderr == "0 entries exported, 10 were there.\n"
    back = history(tmp_path, "import", "hall.jsonl", "--room", "den")
    assert back.stdout == "10 messages imported, 0 were there, 0 are deleted ones.\n"
    assert rows(tmp_path, "den") == rows(tmp_path, "hall")
    gone = history(tmp_path, "prune", "den", "--older-than", "90d")
    assert (gone.exit_code, gone.stdout) == (0, "10 entries forgotten.\n")
    assert (len(rows(tmp_path, "den")), len(rows(tmp_path, "hall"))) == (0, 10)
    assert history(tmp_path, "prune", "--older-than", "1w", "--yes").stdout == "10 entries forgotten.\n"


def test_pruning_all_rooms_asks_first_and_a_dry_run_tells_counts(tmp_path: Path) -> None:
    fill(tmp_path, 1500)
    history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    history(tmp_path, "import", "hall.jsonl", "--room", "den")
    dry = history(tmp_path, "prune", "--older-than", "1d", "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, "den\t1500\nhall\t1500\n3,000 entries would be forgotten.\n")
    one = history(tmp_path, "prune", "den", "--older-than", "1d", "--dry-run")
    assert one.stdout == "den\t1500\n1,500 entries would be forgotten.\n"
    none = history(tmp_path, "prune", "--older-than", "9999w", "--dry-run")
    assert none.stdout == "0 entries would be forgotten.\n"
    for said in ("", "n\n"):
        refused = history(tmp_path, "prune", "--older-than", "1d", said=said)
        assert (refused.exit_code, "all rooms" in refused.stdout) == (1, True)
    assert (len(rows(tmp_path, "den")), len(rows(tmp_path, "hall"))) == (1500, 1500)
    agreed = history(tmp_path, "prune", "--older-than", "1d", said="y\n")
    assert (agreed.exit_code, len(rows(tmp_path, "hall"))) == (0, 0)


def test_stdout_takes_it_too(tmp_path: Path) -> None:
    fill(tmp_path, 10)
    told = history(tmp_path, "export", "hall", "--format", "csv")
    assert told.stdout.count("line ") == 10
    assert told.stderr == "10 entries exported.\n"


def test_what_can_not_be_done_is_one_line(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / "x.jsonl").write_text("nonsense\n")
    history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    for status, *arguments in [
        (1, "export", "nowhere"),
        (1, "export", "hall", "--output", "no/such/folder.jsonl"),
        (1, "import", "x.jsonl"),
        (1, "import", "hall.jsonl", "--room", "no room's name"),
        (1, "prune", "nowhere", "--older-than", "1d"),
    ]:
        told = history(tmp_path, *arguments)
        assert (told.exit_code, len(told.stderr.splitlines())) == (status, 1), told.stderr
    for arguments in (("prune", "hall"), ("prune", "hall", "--older-than", "soon")):
        assert history(tmp_path, *arguments).exit_code == 2


def test_what_is_refused_is_told_by_its_status(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    text = (tmp_path / "hall.jsonl").read_text()
    (tmp_path / "changed.jsonl").write_text(
        text.replace("line 1", "another line").replace('draft_id":"', 'draft_id":"x')
    )
    told = history(tmp_path, "import", "changed.jsonl")
    assert told.exit_code == 1
    assert "1 were refused (conflict)" in told.stderr
    assert "changed.jsonl, line 3: conflict." in told.stderr


def test_rows_that_nobody_could_have_sent_are_named_and_can_be_skipped(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    text = (tmp_path / "hall.jsonl").read_text()
    bad = text.replace("1600000000001", "1600000000001000").replace("line 2", "x" * 5000)
    (tmp_path / "bad.jsonl").write_text(bad)
    refused = history(tmp_path, "import", "bad.jsonl", "--room", "den")
    assert (refused.exit_code, refused.stdout, rows(tmp_path, "den")) == (1, "", [])
    third, fourth, last = refused.stderr.splitlines()
    assert third.startswith("bad.jsonl, line 3: sent_at")
    assert fourth.startswith("bad.jsonl, line 4: The message is longer")
    assert "2 of 4 rows are refused" in last
    assert "--skip-invalid" in last
    skipped = history(tmp_path, "import", "bad.jsonl", "--room", "den", "--skip-invalid")
    assert (skipped.exit_code, len(skipped.stderr.splitlines())) == (0, 2)
    assert [text for text, _, _ in rows(tmp_path, "den")] == ["line 0", "line 3"]


def test_a_terminal_is_shown_a_bar(tmp_path: Path) -> None:
    fill(tmp_path, 2000)
    ours, theirs = pty.openpty()
    command = [*COMMAND, "history", "export", "hall", "--output", "hall.jsonl"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(TERM="xterm"), stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(30) == 0
    assert b"exporting" in seen
    assert b"2,000 entries exported." in seen


@pytest.mark.long
def test_a_server_goes_on_meanwhile(tmp_path: Path) -> None:
    """Somebody talks while another process imports and prunes: every message is acknowledged at once."""
    fill(tmp_path, 2000)
    history(tmp_path, "export", "hall", "--output", "hall.jsonl")
    database = ("--set", f"peewee.url=apsw:///{tmp_path}/tornchat-data/tornchat.db")

    async def play() -> float:
        romeo = await server.stage.enters("romeo", "attic", v1=True)
        slowest, number = 0.0, 0
        works = [("import", "hall.jsonl", "--room", "den"), ("prune", "den", "--older-than", "1d")]
        for work in works:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, "history", *work, *database, cwd=tmp_path, env=environment()
            )
            ended = asyncio.create_task(process.wait())
            while not ended.done():
                number += 1
                began = time.monotonic()
                await romeo.says("still here", client_id=str(number))
                assert (await romeo.next_of("ack"))["id"] == str(number)
                slowest = max(slowest, time.monotonic() - began)
            assert await ended == 0
        await server.stage.clear()
        return slowest

    with serving(tmp_path / "tornchat-data", *database) as server:
        slowest = asyncio.run(play())
        assert server.stop() == 0
    assert not rows(tmp_path, "den")
    print(f"\nthe slowest message took {slowest * 1000:.0f} ms")
    assert slowest < 2
