"""The wheel and the sdist: they build, they hold what they should, and what is installed serves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COPIED = ("tornchat", "plugins", "bench", "tests", "docs", "setup.py", "MANIFEST.in", "README.md")
SERVED = ("tornchat/server/static", "tornchat/server/templates")
COPIED += ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml", "tornchat.ini", "noxfile.py")
COPIED += (".pre-commit-config.yaml",)


def run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built from a copy, so that the checkout stays as it is."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), cwd=copy)
    return out


@pytest.mark.long
def test_the_wheel_holds_the_core_and_the_plugins_and_nothing_else(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {
        "tornchat",
        "tornchat_jwt",
        "tornchat_local",
        "tornchat_peewee",
        "tornchat_redis",
        "tornchat_webhooks",
    }
    assert {f"{top}/py.typed" for top in tops} <= set(names)
    files = {path.relative_to(ROOT).as_posix() for folder in SERVED for path in (ROOT / folder).rglob("*.*")}
    assert "tornchat/server/static/tokens.css" in files
    assert {name for name in files if (ROOT / name).is_file()} <= set(names)


@pytest.mark.long
def test_the_sdist_holds_what_one_needs_to_test_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tornchat.ini", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"} <= names
    assert {"CONTRIBUTING.md", "noxfile.py", ".pre-commit-config.yaml"} <= names
    assert {"docs/architecture.md", "tests/stage.py", "bench/peers/limit.c"} <= names
    assert not any(".cache" in name for name in names)


@pytest.mark.long
def test_the_installed_wheel_serves(built: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    wheel = str(next(built.glob("*.whl")))
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(target), wheel, cwd=tmp_path)
    command = [sys.executable, "-c", "import tornchat; print(tornchat.__file__)"]
    environ = {**os.environ, "PYTHONPATH": str(target)}
    where = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert str(target) in where.stdout
    server = subprocess.Popen(
        [sys.executable, "-m", "tornchat", "serve", "--port", "0"],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        assert re.search(r"127\.0\.0\.1:\d+", server.stdout.readline())
        assert (tmp_path / "tornchat-data" / "jwt.key").stat().st_mode & 0o777 == 0o600
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert server.returncode == 0
