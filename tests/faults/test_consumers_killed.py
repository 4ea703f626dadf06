"""Durable consumers under SIGKILL: the examples, installed by pip, in servers that are killed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.nodes import node_options
from tests.stage import COUNT, Player, Process, Stage, serving
from tests.valkey import valkey

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which both examples are installed, and nothing else."""
    work = tmp_path_factory.mktemp("examples")
    names = ("tornchat-help", "tornchat-modlog")
    sources = [str(shutil.copytree(EXAMPLES / name, work / name)) for name in names]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command = [*pip, "--no-deps", "--no-build-isolation", "--target", str(work / "site"), *sources]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return work / "site"


@pytest.fixture(autouse=True)
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))


def lines(file: Path) -> list[str]:
    """The ids in the moderation log, as they came. A line that a kill has cut is not one."""
    whole = file.read_text().split("\n")[:-1] if file.exists() else []
    return [json.loads(line)["id"] for line in whole]


async def appear(file: Path, count: int) -> None:
    async with asyncio.timeout(40):
        while len(set(lines(file))) < count:  # noqa: ASYNC110 (another process writes the file)
            await asyncio.sleep(0.001)


async def delete_some(ann: Player, run: int, each: int) -> None:
    for nth in range(each):
        await ann.says(f"{run}-{nth}", f"{run}-{nth}")
        seq = (await ann.next_of("ack"))["seq"]
        await ann.asks("delete", id=f"d{run}-{nth}", seq=seq)
        await ann.next_of("ack")


def killed_after_take(tmp_path: Path, kills: int) -> None:
    """Kill the server as soon as the consumer has written, before its cursor can have moved."""
    file, each = tmp_path / "moderation.jsonl", 3
    options = ["--set=tornchat.plugins=jwt,peewee,local,modlog", f"--set=modlog.file={file}"]
    for run in range(kills):
        with serving(tmp_path / "data", *options) as server:

            async def play(run: int = run, server: Process = server) -> None:
                ann = await server.stage.enters("ann", "tea", v1=True)
                await delete_some(ann, run, each)
                await appear(file, run * each + 1)
                server.kill()
                await server.stage.clear()

            asyncio.run(play())
    with serving(tmp_path / "data", *options):
        asyncio.run(appear(file, kills * each))
    found = lines(file)
    firsts = [int(key.partition(":")[2]) for key in dict.fromkeys(found)]
    assert firsts == sorted(firsts), "entries of a room came out of order"
    assert len(firsts) == kills * each, "an entry is missing, or another one came"
    print(f"{kills} kills, {len(firsts)} entries, {len(found) - len(firsts)} handed over again")


@pytest.mark.timeout(120)
@pytest.mark.long
def test_what_a_killed_server_had_taken_comes_again_and_nothing_is_missing(tmp_path: Path) -> None:
    killed_after_take(tmp_path, 2)


@pytest.mark.endless
@pytest.mark.timeout(1800)
def test_fifty_kills_between_take_and_the_cursor(tmp_path: Path) -> None:
    killed_after_take(tmp_path, COUNT or 50)


async def ask_for_help(stages: Sequence[Stage], run: int) -> None:
    for number, stage in enumerate(stages):
        bob = await stage.enters("bob", "tea", v1=True)
        await bob.says("!help", f"{run}-{number}")
        await bob.next_of("ack")
        await stage.clear()


async def answers(stage: Stage, count: int) -> int:
    """Wait for so many answers, and then for what comes beyond them."""
    bob = await stage.enters("bob", "tea", v1=True)
    seen = 0
    async with asyncio.timeout(60):
        while seen < count:
            frame = json.loads(await bob.receive())
            seen += frame.get("sender_username") == "Help"
    await bob.says("the end", "end")
    while (frame := await bob.next()).get("type") != "ack":
        seen += frame.get("sender_username") == "Help"
    await stage.clear()
    return seen


@pytest.mark.timeout(180)
@pytest.mark.long
def test_two_nodes_answer_once_while_the_one_that_holds_the_lease_is_killed(tmp_path: Path) -> None:
    with valkey() as server, ExitStack() as stack:
        options = node_options(server, tmp_path / "shared", 2.0)
        chosen = [word.replace("jwt,peewee,redis", "jwt,peewee,redis,help") for word in options]
        first, second = (stack.enter_context(serving(tmp_path / "shared", *chosen)) for _ in range(2))
        asyncio.run(ask_for_help([first.stage, second.stage], 0))
        first.kill()  # it started first, and so holds the lease
        asyncio.run(ask_for_help([second.stage] * 3, 1))
        assert asyncio.run(answers(second.stage, 5)) == 5


@pytest.mark.long
def test_the_examples_are_as_short_as_they_should_be() -> None:
    for name, most in (("help", 30), ("modlog", 60)):
        text = (EXAMPLES / f"tornchat-{name}" / f"tornchat_{name}" / "__init__.py").read_text()
        assert len(text.splitlines()) <= most
