"""A plugin that brings kinds, and that somebody else wrote: installed by pip, at work in real servers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import node_options
from tests.plugins.outside import install, own_tests, show
from tests.polls import EXAMPLE, OPTIONS
from tests.scenarios.test_changes import enters, history
from tests.scenarios.test_kinds import answered, asks, closes, votes
from tests.stage import Process, serving
from tests.test_docs import blocks
from tests.valkey import Valkey, valkey
from tornchat.client import Message, MessageChanged, SendRefused, connect

PLUGINS = "--set=tornchat.plugins=jwt,peewee,local,polls"


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the plugin is installed, and nothing else."""
    return install(EXAMPLE, tmp_path_factory.mktemp("outside"))


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Processes that are started in this test see the plugin as an installed distribution."""
    return show(site, monkeypatch)


def command(directory: Path, *words: str, code: int = 0) -> str:
    """Run `tornchat` in a directory, and return what it says."""
    line = [sys.executable, "-m", "tornchat", *words]
    done = subprocess.run(line, capture_output=True, text=True, cwd=directory)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


async def play_a_poll(here: Any, there: Any) -> None:
    """Two clients on perhaps two nodes: one asks and closes, the other votes; both see all of it."""
    romeo, juliet = await enters(here, "romeo"), await enters(there, "juliet")
    await asks(romeo)
    assert (await juliet.next_of("chat_message"))["data"] == {"options": OPTIONS, "closed": False}
    await votes(juliet, "v", 1, "2")
    assert (await romeo.next_of("marked"))["counts"] == {"2": 1}
    assert (await answered(romeo, closes, "c", 1))["position"] == 3
    changed = await juliet.next_of("message_changed")
    assert (changed["message"], changed["data"]["closed"]) == ("Tea or coffee? (closed)", True)
    assert (await answered(juliet, votes, "late", 1, "1"))["error"] == "The poll is closed."
    await romeo.leaves()
    await juliet.leaves()


async def present(stage: Any) -> dict[str, Any]:
    """The first message as a newcomer is told."""
    player = await enters(stage, "paris")
    message = (await history(player))[0]
    await player.leaves()
    return message


@pytest.mark.long
def test_two_clients_play_it_and_it_is_exported_and_imported(installed: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "data", PLUGINS) as server:
        asyncio.run(play_a_poll(server.stage, server.stage))
        before = asyncio.run(present(server.stage))
    (tmp_path / "copy").mkdir()
    data, copy = f"--set=tornchat.data_dir={tmp_path}/data", f"--set=tornchat.data_dir={tmp_path}/copy"
    for form in ("jsonl", "csv", "html"):
        command(tmp_path, "history", "export", "general", PLUGINS, data, "--output", f"polls.{form}")
    assert '{""options"":[""tea"",""coffee""],""closed"":true}' in (tmp_path / "polls.csv").read_text()
    assert '<p class="kind">poll <code>{&quot;options&quot;' in (tmp_path / "polls.html").read_text()
    said = command(tmp_path, "history", "import", "polls.jsonl", copy, "--public", code=1)
    assert "message, reaction; load the plugin that declares it" in said
    said = command(tmp_path, "history", "import", "polls.jsonl", PLUGINS, copy, "--public")
    assert said.startswith("3 messages imported")
    with serving(tmp_path / "copy", PLUGINS) as server:
        after = asyncio.run(present(server.stage))
    assert {**after, "edited_at": ""} == {**before, "edited_at": ""}


@pytest.mark.long
def test_it_works_on_two_nodes(installed: Path, server: Valkey, tmp_path: Path) -> None:
    options = [
        *node_options(server, tmp_path / "data", 30),
        "--set",
        "tornchat.plugins=jwt,peewee,redis,polls",
    ]
    with serving(tmp_path / "data", *options) as verona, serving(tmp_path / "data", *options) as mantua:
        asyncio.run(play_a_poll(verona.stage, mantua.stage))
        assert asyncio.run(present(verona.stage)) == asyncio.run(present(mantua.stage))


@pytest.mark.long
def test_a_node_without_the_plugin_shows_what_the_others_say(
    installed: Path, server: Valkey, tmp_path: Path
) -> None:
    async def play(here: Process, there: Process) -> None:
        romeo, juliet = await enters(here.stage, "romeo"), await enters(there.stage, "juliet")
        await answered(romeo, asks, "p")
        told = await juliet.next_of("chat_message")
        assert (told["message"], told["kind"]) == ("Tea or coffee?", "poll")
        await answered(romeo, votes, "v", 1, "1")
        assert (await juliet.next_of("marked"))["kind"] == "vote"
        assert (await answered(juliet, votes, "v", 1, "1"))["code"] == "invalid_message"
        await answered(romeo, closes, "c", 1)
        assert (await juliet.next_of("message_changed"))["data"]["closed"] is True
        await romeo.leaves()
        await juliet.leaves()

    options = node_options(server, tmp_path / "data", 30)
    with_polls = [*options, "--set", "tornchat.plugins=jwt,peewee,redis,polls"]
    with serving(tmp_path / "data", *with_polls) as verona, serving(tmp_path / "data", *options) as mantua:
        asyncio.run(play(verona, mantua))


def test_the_client_of_python_sends_and_holds_it(installed: Path, tmp_path: Path) -> None:
    async def play(server: Process) -> None:
        url = f"ws://127.0.0.1:{server.stage.port}/ws/chat/general/"
        ann, bob = (connect(url, token=server.stage.token(name)) for name in ("ann", "bob"))
        async with ann, bob:
            seq = await ann.send("Tea or coffee?", kind="poll", data={"options": OPTIONS})
            await bob.mark(seq, ["1"], "vote")
            assert await ann.revise(seq, "close-poll") == 3
            told = []
            async for event in bob:
                if isinstance(event, (Message, MessageChanged)):
                    told.append(event)
                if len(told) == 2:
                    break
            assert isinstance(told[0], Message)
            assert (told[0].kind, told[0].data) == ("poll", {"options": OPTIONS, "closed": False})
            assert told[1].data == {"options": OPTIONS, "closed": True}
            held = bob.messages[seq]
            assert (held.kind, held.text, held.data) == ("poll", "Tea or coffee? (closed)", told[1].data)
            assert held.marks["vote"]["1"].count == 1
            with pytest.raises(SendRefused, match="does not fit its kind"):
                await bob.send("Tea?", kind="poll", data={"options": ["tea"]})
            with pytest.raises(SendRefused, match="closed already"):
                await ann.revise(seq, "close-poll")

    with serving(tmp_path / "data", PLUGINS) as server:
        asyncio.run(play(server))


def test_its_kinds_are_in_the_document_of_the_socket(installed: Path, tmp_path: Path) -> None:
    document = json.loads(command(tmp_path, "asyncapi", PLUGINS))
    schemas = document["components"]["schemas"]
    assert schemas["V1Send.poll"]["properties"]["data"] == {"$ref": "#/components/schemas/poll.Poll"}
    assert "data" in schemas["V1Send.poll"]["required"]
    assert schemas["poll.Poll"]["properties"]["options"]["minItems"] == 2


@pytest.mark.long
def test_its_own_tests_and_those_of_the_page_pass_where_it_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    files = {block.file: block.text for block in blocks("docs/kinds.md", "python")}
    code = files.pop("tornchat_polls/__init__.py")
    assert code.strip() == (EXAMPLE / "tornchat_polls/__init__.py").read_text().strip()
    [(name, text)] = files.items()
    (tmp_path / str(name)).write_text(text)
    for place in (EXAMPLE / "tests", tmp_path):
        assert " passed" in own_tests(place, installed)
