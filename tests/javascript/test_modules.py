"""The page's modules that need no page, in Node.js."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(path.name for path in HERE.glob("*.test.mjs")))
@pytest.mark.long
def test_module(file: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js: node is not in the PATH")
    run = subprocess.run(
        [node, "--test", "--test-reporter=spec", HERE / file], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
