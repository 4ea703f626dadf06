"""A plugin that somebody else wrote: installed by pip, found by its entry point, at work in a real server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.outside import install, own_tests, show
from tests.stage import serving

EXAMPLE = Path(__file__).parents[2] / "docs/examples/tornchat-shout"
SETTINGS = (
    "--set=tornchat.plugins=jwt,peewee,local,shout",
    "--set=shout.rooms=stadium",
    "--set=shout.banned=darn",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the plugin is installed, and nothing else."""
    return install(EXAMPLE, tmp_path_factory.mktemp("outside"))


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Processes that are started in this test see the plugin as an installed distribution."""
    return show(site, monkeypatch)


@pytest.mark.long
def test_it_is_found_by_its_entry_point_and_shouts(installed: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "data", *SETTINGS) as server:
        assert asyncio.run(_said(server.stage, "stadium", "Goal for us")) == "GOAL FOR US"
        assert asyncio.run(_said(server.stage, "tea", "Goal for us")) == "Goal for us"


def test_what_it_refuses_is_told_and_not_stored(installed: Path, tmp_path: Path) -> None:
    async def play(stage) -> None:
        romeo = await stage.enters("romeo", "tea")
        await romeo.says("darn it")
        assert await romeo.next_of("error") == {"error": "That is not said here."}
        await romeo.says("fair enough")
        assert await romeo.hears() == "fair enough"
        await romeo.leaves()

    with serving(tmp_path / "data", *SETTINGS) as server:
        asyncio.run(play(server.stage))


def test_its_settings_are_checked_like_everybodys(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tornchat", "serve", "--port=0", *SETTINGS, "--set=shout.romms=tea"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0
    assert "[shout] romms" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_its_own_tests_pass_where_it_is_installed(installed: Path) -> None:
    assert " passed" in own_tests(EXAMPLE / "tests", installed)


async def _said(stage, room: str, text: str) -> str:
    """Say it, and give what is heard."""
    romeo = await stage.enters("romeo", room)
    await romeo.says(text)
    heard = await romeo.hears()
    await romeo.leaves()
    return heard
