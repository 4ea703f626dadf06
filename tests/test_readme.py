"""The README, followed to the letter: every command and every block of code."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from tornado.web import Application
from websockets.asyncio.client import connect

from tests.stage import Player, open_stage
from tests.test_docs import ROOT, Shell, bearer, blocks, classes_on, running, scripts, shell_in, talk
from tornchat import ChatApp
from tornchat.config.settings import load

README = (ROOT / "README.md").read_text(encoding="utf-8")


def command(start: str) -> str:
    """The one line of the README's shell blocks that begins so."""
    lines = [line for block in blocks("README.md", "sh") for line in block.text.splitlines()]
    found = [line for line in lines if line.startswith(start)]
    assert len(found) == 1, f"{start!r} stands there {len(found)} times"
    return found[0]


async def first_steps(shell: Shell, token: str) -> None:
    """Connect with the token and see what the README says is seen."""
    headers = {"Authorization": f"Bearer {token}"}
    uri = f"ws://127.0.0.1:{shell.port}/ws/chat/general/"
    assert "\nGET ws://127.0.0.1:8888/ws/chat/general/\nAuthorization: Bearer <the token>\n" in README
    async with connect(uri, additional_headers=headers, proxy=None) as socket:
        alice = Player("alice", socket)
        assert (await alice.next())["users"] == [{"id": "alice", "username": "alice"}]
        assert '{"message": "Hello world!"}' in README
        await socket.send('{"message": "Hello world!"}')
        assert (await alice.next_of("chat_message"))["sender_username"] == "alice"


def test_run_it_and_take_a_token(tmp_path: Path) -> None:
    with shell_in(tmp_path) as shell:
        shell.run(command("pip install ."))
        assert (tmp_path / "tornchat-data" / "jwt.key").exists()
        token = shell.run(command("tornchat token")).splitlines()[-1]
        asyncio.run(first_steps(shell, token))


def test_chat_in_a_terminal(tmp_path: Path) -> None:
    with shell_in(tmp_path) as shell:
        shell.run(command("pip install ."))
        assert "Hello world!" in shell.run(command("tornchat chat"))


def test_configure(tmp_path: Path) -> None:
    with shell_in(tmp_path) as shell:
        shell.run(command("tornchat init"))
        load(tmp_path / "tornchat.ini")
        shell.run(command("tornchat check"))
        assert "history_limit = 50" in shell.run(command("tornchat config"))


def test_the_test_command_is_the_one_of_ci(tmp_path: Path) -> None:
    Shell(tmp_path).run(command("pip install -e"))


def test_every_command_is_followed_here() -> None:
    lines = [line for block in blocks("README.md", "sh") for line in block.text.splitlines()]
    followed = ["pip install .", "tornchat chat", "tornchat token", "tornchat init", "tornchat check"]
    followed += ["tornchat config", "pip install -e"]
    assert sorted(lines) == sorted(command(start) for start in followed)


def test_every_python_block_is_run_here() -> None:
    assert len(blocks("README.md", "python")) == len(classes_on("README.md")) + len(scripts("README.md"))


def test_the_plugin_keeps_its_word_out(tmp_path: Path) -> None:
    plugins = classes_on("README.md")
    ini = tmp_path / "tornchat.ini"
    [block] = blocks("README.md", "ini")
    ini.write_text(block.text)
    settings: Any = load(ini)
    word = settings.section("polite", plugins["polite"].Settings).word
    chosen = {"tornchat": {"plugins": settings.tornchat.plugins}, "polite": {"word": word}}

    async def play() -> None:
        async with open_stage(tmp_path / "data", chosen, plugins) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.says(f"{word.title()} it!")
            assert (await romeo.next_of("error")) == {"error": "Mind your words."}
            await romeo.says("Good morning.")
            assert await romeo.hears() == "Good morning."

    asyncio.run(play())


def test_the_embedded_chat_works(tmp_path: Path) -> None:
    [block] = scripts("README.md")

    async def play() -> None:
        with running(block.text, tmp_path) as script:
            await (await script.connect("/talk/ws/chat/general/", {})).wait_closed()
            await talk(await script.connect("/talk/ws/chat/general/", bearer(tmp_path)))

    asyncio.run(play())


def test_its_routes_are_where_it_says(tmp_path: Path) -> None:
    chat = ChatApp({"tornchat": {"data_dir": str(tmp_path)}})
    routes = chat.routes(prefix="/talk")
    assert re.fullmatch(routes[0][0], "/talk/ws/chat/general/")
    assert all(route[0].startswith("/talk") for route in routes)
    Application(routes)
