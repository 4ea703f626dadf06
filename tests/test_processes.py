"""How the tests run: `pytest` in four processes, without the long ones; single files and tests in one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ASK = """
import pytest

def pytest_cmdline_main(config):
    print("RUNS", len(config.option.tx or []), config.option.dist)
    print("MARKS", config.option.markexpr)
    return 0
"""
"""A plugin that says how the tests would run, and runs none."""
FILE = "tests/rooms/test_room.py"


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ("", "4 loadgroup"),
        ("tests/rooms", "4 loadgroup"),
        (f"tests/wire {FILE}", "4 loadgroup"),
        (FILE, "0 no"),
        (f"{FILE}::test_without_a_limit_nobody_is_closed", "0 no"),
        (f"{FILE} tests/rooms/test_roster.py -x -k limit", "0 no"),
        (f"{FILE} -n 2", "2 loadgroup"),
        (f"{FILE} -n2", "2 loadgroup"),
        (f"{FILE} --numprocesses=3", "3 loadgroup"),
    ],
)
def test_single_files_run_in_one_process(tmp_path: Path, arguments: str, runs: str) -> None:
    told = asked(tmp_path, *arguments.split())
    assert f"RUNS {runs}\n" in told


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "marks"),
    [
        ("", "not long and not alone and not endless"),
        ("-x", "not long and not alone and not endless"),
        (FILE, "not alone and not endless"),
        ("tests/rooms", "not alone and not endless"),
        (f"-m long {FILE}", "long"),
        ("-m long", "long"),
    ],
)
def test_what_is_named_runs_whole(tmp_path: Path, arguments: str, marks: str) -> None:
    assert f"MARKS {marks}\n" in asked(tmp_path, *arguments.split())


def asked(place: Path, *arguments: str) -> str:
    """What `pytest` with these arguments says of how it would run the tests."""
    (place / "asking.py").write_text(ASK)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "asking", *arguments],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


@pytest.mark.long
def test_the_tests_of_a_file_run_in_one_process_and_so_share_their_fixtures() -> None:
    files = ("tests/rooms/test_tail.py", "tests/rooms/test_roster.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-vv", "-n", "3", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    ran = re.findall(r"^\[(gw\d)\].* PASSED (\S+?)::", done.stdout, re.M)
    assert {file for _, file in ran} == set(files)
    assert len(set(ran)) == len(files), done.stdout
