"""Plugins that somebody else wrote, installed by pip into a directory of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def install(example: Path, work: Path) -> Path:
    """Install the example, and nothing else, below `work`; where it is importable from."""
    source = shutil.copytree(example, work / "source")  # building leaves files behind
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command = [*pip, "--no-deps", "--no-build-isolation", "--target", str(work / "site"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return work / "site"


def show(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let processes that are started in this test see what is there as an installed distribution."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return site


def own_tests(place: Path, site: Path) -> str:
    """Run the tests in `place` with pytest where the plugin is installed; what it says."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=site)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
