"""The table of coverage that CI prints: one row per folder, and a failure for a folder below the minimum."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.folder_coverage import folder_of, main


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("tornchat/app.py", "tornchat"),
        ("tornchat/rooms/room.py", "tornchat/rooms"),
        ("tornchat/hooks/specs/auth.py", "tornchat/hooks"),
        ("tornchat/server/routing.py", "tornchat/server"),
        ("tornchat/server/ws/outbox.py", "tornchat/server/ws"),
        ("tornchat/server/http/api/call.py", "tornchat/server/http"),
        ("plugins/tornchat_peewee/steps/0001_rooms_and_log.py", "plugins/tornchat_peewee"),
    ],
)
def test_the_folder_of_a_file(file: str, folder: str) -> None:
    assert folder_of(file) == folder


@pytest.mark.parametrize(("covered", "status"), [(90, 0), (89, 1)])
def test_a_folder_below_the_minimum_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], covered: int, status: int
) -> None:
    """Lines are counted per folder: a file without tests counts as much as its lines."""
    files = {
        "tornchat/rooms/a.py": {"covered_lines": covered - 10, "num_statements": 90},
        "tornchat/rooms/b.py": {"covered_lines": 10, "num_statements": 10},
        "tornchat/log/c.py": {"covered_lines": 5, "num_statements": 5},
    }
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": {name: {"summary": found} for name, found in files.items()}}))
    assert main(str(report)) == status
    rows = capsys.readouterr().out.splitlines()
    assert [row.split() for row in rows[:2]] == [
        ["tornchat/log", "5", "100.0", "%"],
        ["tornchat/rooms", "100", f"{covered}.0", "%"],
    ]
    assert rows[2:] == (["Below 90 %: tornchat/rooms. Add tests of what these folders do."] if status else [])
