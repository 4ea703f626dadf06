"""The docs: pages that are what the code says, links that lead somewhere, and every block really run."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import setuptools
from tornado.web import create_signed_value
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.plugins.peeweekit import say, storage
from tests.polls import PollsPlugin, on_polls
from tests.stage import Player, Stage, open_stage
from tests.test_architecture import ORDER
from tornchat import ConsumerClaim, Entry, User, errors
from tornchat.cluster import control, userevents
from tornchat.config.sections import LimitsSection
from tornchat.config.settings import Settings, load
from tornchat.hooks.loader import load_plugins
from tornchat.model import ADMIN, GUEST, MODERATOR, TokenSource
from tornchat.wire import V1, Classic, Said

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")), *DOCS.rglob("*.md")]
)
RUNS = {
    "README.md": {"sh", "python", "ini"},
    "CONTRIBUTING.md": {"sh"},
    "docs/websocket-api.md": {"json"},
    "docs/client.md": {"python"},
    "docs/kinds.md": {"sh", "python", "ini"},
    "docs/http-api.md": {"sh", "python"},
    "docs/plugins.md": {"sh", "python", "ini"},
    "docs/embedding.md": {"python"},
    "docs/operating.md": {"sh", "python", "ini", "nginx"},
    "docs/metrics.md": {"ini"},
    "docs/upgrading.md": {"sql"},
    "docs/hooks/index.md": {"ini"},
    "docs/web-page.md": {"html"},
    "docs/webhooks.md": {"toml", "json"},
}
"""Page -> the languages that the tests here, in test_readme.py, browser/ and plugins/ run on it."""
SECONDS = 20


class Block(NamedTuple):
    """A code block, and the line of prose before it."""

    page: str
    line: int
    language: str
    text: str
    lead: str

    @property
    def file(self) -> str | None:
        """The file that the block is, if the line before it names one: `name.py`:"""
        found = re.search(r"`([\w/]+\.py)`:$", self.lead)
        return found[1] if found else None


def named(value: object) -> str:
    if isinstance(value, Block):
        return f"{value.page}:{value.line}"
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else ""


def blocks_of(page: Path) -> Iterator[Block]:
    """Every code block of a page, however far it is indented."""
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    lead = ""
    for number, line in lines:
        opened = re.match(r"( *)```(.*)$", line)
        if opened:
            width, inside = len(opened[1]), []
            for _, text in lines:
                if text.strip() == "```":
                    break
                inside.append(text[width:])
            yield Block(named(page), number, opened[2].strip(), "\n".join(inside) + "\n", lead)
        elif line.strip():
            lead = line.strip()


ALL = [block for page in PAGES for block in blocks_of(page)]


def blocks(page: str, language: str) -> list[Block]:
    """The blocks of one language on one page."""
    return [block for block in ALL if (block.page, block.language) == (page, language)]


# --- the pages as such ----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", ALL, ids=named)
def test_somebody_runs_each_block(block: Block) -> None:
    if block.language == "text" or block.page.startswith("docs/examples/"):
        return
    languages = {"python"} if block.page.startswith("docs/hooks/") else set()
    languages |= RUNS.get(block.page, set())
    assert block.language in languages, f"nobody runs {block.language!r} here"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: there is no such heading"


def anchors(page: Path) -> set[str]:
    """What the headings of a page can be linked as."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_architecture_page_draws_the_folders_in_their_order() -> None:
    page = (DOCS / "architecture.md").read_text()
    block = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert block is not None
    lines = [line.split("  ")[0].split() for line in block[1].splitlines() if line and line[0].isalpha()]
    drawn = [{name.removesuffix(".py").strip("/").replace("/", ".") for name in line} for line in lines]
    ordered = [set(line.split()) for line in ORDER.split("\n") if line.split()]
    assert drawn == list(reversed(ordered))


# --- hooks ----------------------------------------------------------------------------------------------


def test_the_hook_pages_are_what_the_hookspecs_say() -> None:
    spec = importlib.util.spec_from_file_location("make_hook_pages", DOCS / "make_hook_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = module.differences()
    assert not lines, "run `python docs/make_hook_pages.py`:\n" + "\n".join(lines)


KIT = "".join(path.read_text() for path in sorted((ROOT / "tornchat/testing").glob("*.py")))
ON_HOOK_PAGES = {
    "authenticate": [*map(json.dumps, get_args(TokenSource)), *map(json.dumps, (ADMIN, MODERATOR, GUEST))],
    "publish": ["`room:<name>`", f"`{control.TOPIC}`", f"`{userevents.TOPIC}`"],
    "store_messages": sorted({f"`{code}`" for code in re.findall(r'verify_refused\([^)]*, "(\w+)"', KIT)}),
    "read_presence": ["`PresenceChange`", "`complete=False`"],
}
"""Hook -> values that plugins receive or return, as they must stand on its page."""


@pytest.mark.parametrize("hook", ON_HOOK_PAGES)
def test_a_hook_page_names_every_value_that_its_plugins_meet(hook: str) -> None:
    page = (DOCS / "hooks" / f"{hook}.md").read_text()
    assert ON_HOOK_PAGES[hook]
    assert [value for value in ON_HOOK_PAGES[hook] if value not in page] == []


@pytest.mark.parametrize("block", [b for b in ALL if b.page.startswith("docs/hooks/")], ids=named)
def test_each_hook_page_shows_an_implementation_that_fits(block: Block) -> None:
    if block.language == "python":
        found: dict[str, Any] = {}
        exec(compile(block.text, named(block), "exec"), found)
        hook = Path(block.page).stem
        assert hasattr(getattr(found["MyPlugin"], hook), "tornchat_impl")


# --- settings -------------------------------------------------------------------------------------------


def classes_on(page: str) -> dict[str, type]:
    """Plugins on a page, by the names that the pages load them under."""
    found: dict[str, Any] = {}
    for block in blocks(page, "python"):
        if block.file is None or block.file == "tornchat_polite.py":
            text = block.text.replace("asyncio.run(main())", "")
            if "class PolitePlugin" in text or "class CookieAuth" in text:
                exec(compile(text, named(block), "exec"), found)
    names = {"polite": "PolitePlugin", "cookie": "CookieAuth"}
    return {name: found[cls] for name, cls in names.items() if cls in found}


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "ini"], ids=named)
def test_settings_load_and_their_plugins_too(block: Block, tmp_path: Path) -> None:
    (tmp_path / "tornchat.ini").write_text(block.text)
    if "examples" not in block.page:
        load_plugins(load(tmp_path / "tornchat.ini"), {"polls": PollsPlugin, **classes_on(block.page)})


# --- commands -------------------------------------------------------------------------------------------


class Shell:
    """Runs the commands of a page, one after another, in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.server: subprocess.Popen[str] | None = None
        self.port = 0
        # Commands that write run beside the server, so the SQLite must not be one with the WAL-reset bug.
        database = directory / "tornchat-data" / "tornchat.db"
        self._environ = {**os.environ, "TORNCHAT_PEEWEE__URL": f"apsw:///{database}"}

    def run(self, line: str) -> str:
        """Run one line; gives what its last command printed."""
        printed = ""
        for command in line.partition("  #")[0].split(" && "):
            printed = self._run_one(command.strip())
        return printed

    def _run_one(self, command: str) -> str:
        words = shlex.split(command)
        environ = {}
        while words and re.match(r"[A-Z_]+=", words[0]):
            name, _, environ[name] = words.pop(0).partition("=")
        if words[0] in ("pip", "pytest"):
            return refuse_unknown_install(command)
        assert words[0] == "tornchat", f"nobody runs {command!r}"
        if words[1] == "serve":
            return self._serve(words[1:], environ)
        said = ""
        if words[1] == "chat":
            words += ["--url", f"ws://127.0.0.1:{self.port}"]
            said = "Hello world!\n"
        done = subprocess.run(
            [sys.executable, "-m", "tornchat", *words[1:]],
            input=said,
            cwd=self.directory,
            env={**self._environ, **environ},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _serve(self, words: list[str], environ: Mapping[str, str]) -> str:
        self.close()
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tornchat", *words, "--port", "0"],
            cwd=self.directory,
            env={**self._environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.server.stdout is not None
        for line in self.server.stdout:
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                return line
        raise AssertionError(self.server.communicate()[1])

    def close(self) -> None:
        """Stop the server, if one runs: politely, so that its exit status counts."""
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            _, errors_told = self.server.communicate(timeout=30)
            assert self.server.returncode == 0, errors_told
            self.server = None


def refuse_unknown_install(command: str) -> str:
    """Installing takes minutes; so only what is installed elsewhere may stand in the docs."""
    tested = (ROOT / ".ci" / "run").read_text().replace(" --quiet", "")
    target = ROOT / command.removeprefix("pip install ")
    if (target / "setup.py").exists() or (target / "pyproject.toml").exists():
        return ""
    assert command in [part.strip() for line in tested.splitlines() for part in line.split(" && ")]
    return ""


@contextmanager
def shell_in(directory: Path) -> Iterator[Shell]:
    shell = Shell(directory)
    try:
        yield shell
        shell.close()
    finally:
        if shell.server is not None:
            shell.server.kill()
            shell.server.communicate()


async def have_a_past(data_dir: Path) -> None:
    """Something was said before, in the room that the pages export, and a consumer has read it."""
    async with storage(data_dir, "general", "tea") as chat:
        await say(chat, "Hello world!", room="general")
        await chat.hold_consumers("node", [ConsumerClaim("webhooks:orders")], 0.0)
        await chat.hold_consumers("node", [ConsumerClaim("webhooks:orders")], 10.0)


@pytest.mark.parametrize("page", ["docs/operating.md", "docs/plugins.md"])
def test_commands_run(page: str, tmp_path: Path) -> None:
    asyncio.run(have_a_past(tmp_path / "tornchat-data"))
    with shell_in(tmp_path) as shell:
        for block in blocks(page, "sh"):
            for line in block.text.splitlines():
                shell.run(line)


@pytest.mark.long
def test_the_commands_for_contributors_name_what_there_is() -> None:
    """Installing and the sessions of nox take minutes; so what they name is looked up."""
    sessions = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.M))
    extras = set(re.findall(r'^        "(\w+)": \[', (ROOT / "setup.py").read_text(), re.M))
    for line in "".join(block.text for block in blocks("CONTRIBUTING.md", "sh")).splitlines():
        match shlex.split(line):
            case ["pip", "install", "-e", target]:
                assert set(target.removeprefix(".[").removesuffix("]").split(",")) <= extras, line
            case ["pre-commit", "install"]:
                assert (ROOT / ".pre-commit-config.yaml").exists()
            case ["nox", "-s", "folder", "--", name]:
                assert (ROOT / "tests" / name).is_dir(), line
            case ["nox", "-s", *names]:
                assert set(names) <= sessions, line
            case ["pytest", *arguments]:
                command = [sys.executable, "-m", "pytest", *arguments]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
                assert done.returncode == 0, done.stdout
            case _:
                raise AssertionError(f"nobody runs {line!r}")


# --- scripts that embed the chat --------------------------------------------------------------------------


class Script:
    """A whole program of a page, in a process of its own, on a free port."""

    def __init__(self, text: str, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        assert text.count("8888") == 1, "the port stands in it once"
        file = directory / "embedded.py"
        file.write_text(text.replace("8888", str(self.port)))
        self.process = subprocess.Popen(
            [sys.executable, str(file)], cwd=directory, stderr=subprocess.PIPE, text=True
        )

    async def connect(self, path: str, headers: Mapping[str, str]) -> ClientConnection:
        """Open a WebSocket as soon as the program listens, which it does not tell."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                uri = f"ws://127.0.0.1:{self.port}{path}"
                return await connect(uri, additional_headers=headers, proxy=None)
            except OSError:
                assert self.process.poll() is None, self.process.communicate()[1]
                assert time.monotonic() < deadline, "it does not listen"
                await asyncio.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


@contextmanager
def running(text: str, directory: Path) -> Iterator[Script]:
    script = Script(text, directory)
    try:
        yield script
    finally:
        if script.process.poll() is None:
            script.process.kill()
        script.process.communicate()


async def talk(socket: ClientConnection) -> None:
    """Enter, say something, hear it."""
    player = Player("romeo", socket)
    assert (await player.next())["type"] == "room_users_list"
    await player.says("Hello world!")
    assert await player.hears() == "Hello world!"


def bearer(directory: Path) -> dict[str, str]:
    key = (directory / "chat-data" / "jwt.key").read_text()
    return {"Authorization": f"Bearer {Stage(0, key).token('romeo')}"}


def scripts(page: str) -> list[Block]:
    return [block for block in blocks(page, "python") if "asyncio.run(" in block.text]


def test_the_mounted_chat_works_and_ends_with_its_application(tmp_path: Path) -> None:
    async def play(script: Script) -> None:
        with pytest.raises(ConnectionClosed):  # this early there may be no key yet: ask without one
            await (await script.connect("/talk/ws/chat/general/", {})).recv()
        client = await script.connect("/talk/ws/chat/general/", bearer(tmp_path))
        await talk(client)
        script.process.send_signal(signal.SIGTERM)
        assert await Player("romeo", client).is_closed() == 1001

    with running(scripts("docs/embedding.md")[0].text, tmp_path) as script:
        asyncio.run(play(script))
        assert script.process.wait(30) == 0


def test_each_block_about_embedding_is_a_script_that_is_run_here() -> None:
    assert len(scripts("docs/embedding.md")) == len(blocks("docs/embedding.md", "python")) == 2


def test_the_login_cookie_of_the_host_is_a_login_of_the_chat(tmp_path: Path) -> None:
    block = scripts("docs/embedding.md")[1]
    secret = re.search(r'^SECRET = "(.+)"', block.text, re.M)
    assert secret is not None

    async def play(script: Script) -> None:
        good = create_signed_value(secret[1], "login", "romeo").decode()
        client = await script.connect("/talk/ws/chat/general/", {"Cookie": f"login={good}"})
        await talk(client)
        await client.close()
        client = await script.connect("/talk/ws/chat/general/", {"Cookie": f"login={good[:-1]}"})
        assert await Player("mallory", client).is_closed() == 4001

    with running(block.text, tmp_path) as script:
        asyncio.run(play(script))


# --- a plugin, its tests and its package ------------------------------------------------------------------


@pytest.mark.long
def test_the_plugin_of_the_page_keeps_its_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {block.file: block.text for block in blocks("docs/plugins.md", "python")}
    assert None not in files, "each block of this page is a file: say which"
    for name, text in files.items():
        (tmp_path / str(name)).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:pytest_tornado"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout

    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", lambda **words: given.update(words))
    exec(compile((tmp_path / "setup.py").read_text(), "setup.py", "exec"), {})
    assert given["entry_points"] == {"tornchat": ["polite = tornchat_polite:PolitePlugin"]}
    assert given["py_modules"] == ["tornchat_polite"]


def test_a_backup_is_a_whole_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with open_stage(tmp_path / "tornchat-data") as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.says("Keep this.")
            await romeo.hears()
            for block in blocks("docs/operating.md", "python"):
                exec(compile(block.text, named(block), "exec"), {})

    async def restore() -> None:
        (tmp_path / "new").mkdir()
        (tmp_path / "backup.db").rename(tmp_path / "new" / "tornchat.db")
        async with open_stage(tmp_path / "new") as verona:
            assert await (await verona.enters("juliet", "general")).hears() == "Keep this."

    monkeypatch.chdir(tmp_path)
    asyncio.run(play())
    asyncio.run(restore())


# --- the wire format --------------------------------------------------------------------------------------


def shape(value: object) -> object:
    """The keys of a frame, all the way down."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return float if type(value) is int else type(value)


def documented() -> list[dict[str, Any]]:
    return [json.loads(block.text) for block in blocks("docs/websocket-api.md", "json")]


async def classic_session(directory: Path) -> list[dict[str, Any]]:
    """A real session in which every kind of classic frame comes."""
    async with open_stage(directory) as verona:
        romeo = await verona.enters("romeo", "general")
        juliet = await verona.enters("juliet", "general")
        frames = [await romeo.next_of("room_users_list"), await juliet.next_of("room_users_list")]
        frames.append(await juliet.next_of("user_join"))
        await romeo.socket.send(blocks("docs/websocket-api.md", "json")[0].text)
        frames.append(await juliet.next_of("chat_message"))
        await romeo.says("")
        frames.append(await romeo.next_of("error"))
        await romeo.leaves()
        frames.append(await juliet.next_of("user_leave"))
        return frames


async def v1_session(directory: Path) -> list[dict[str, Any]]:
    """A real session in which every kind of v1 frame comes that no plugin is needed for."""
    async with open_stage(directory, {"rooms": {"receipts_limit": 9}}) as verona:
        romeo = await verona.enters("romeo", "general", v1=True)
        frames = [await romeo.next_of("welcome"), await romeo.next_of("caught_up")]
        send = next(frame for frame in documented() if frame.get("type") == "send")
        await romeo.socket.send(json.dumps(send))
        frames += [await romeo.next_of("chat_message"), await romeo.next_of("ack")]
        await romeo.socket.send('{"type":"edit","id":"e","seq":1,"revision":0,"message":"Hello, world!"}')
        frames += [await romeo.next_of("message_changed"), await romeo.next_of("ack")]
        mark = next(frame for frame in documented() if frame.get("type") == "mark")
        await romeo.socket.send(json.dumps({**mark, "seq": 1, "tokens": mark["tokens"][:1]}))
        frames += [await romeo.next_of("marked"), await romeo.next_of("ack")]
        frames += await stream_of(romeo)
        more = next(frame for frame in documented() if frame.get("type") == "send" and "thread" in frame)
        await romeo.socket.send(json.dumps({**more, "thread": 1, "reply_to": 1}))
        frames += [await romeo.next_of("chat_message"), await romeo.next_of("ack")]
        admin = User("prince", "prince", frozenset({"admin"}))
        await verona.chat.describing.describe(admin, "general", title="Tea time")
        frames.append(await romeo.next_of("room_changed"))
        await verona.chat.moderation.mute(admin, "general", "romeo", 60)
        await romeo.socket.send(json.dumps({**send, "id": "another"}))
        frames.append(await romeo.next_of("error"))
        typing = next(frame for frame in documented() if frame.get("type") == "typing")
        juliet = await verona.enters("juliet", "general", v1=True)
        await juliet.next_of("caught_up")
        await juliet.socket.send(json.dumps(typing))
        frames.append(await romeo.next_of("typing"))
        await juliet.asks("read", seq=1)
        frames.append(await juliet.next_of("read_moved"))
        frames.append(await romeo.next_of("read_state"))
        ping = next(frame for frame in documented() if frame.get("type") == "ping")
        await romeo.socket.send(json.dumps(ping))
        frames.append(await romeo.next_of("pong"))
        deletion = Entry(57, "id", "name", "", 0, "draft", None, "deletion", 42)
        frames.append(json.loads(V1().entry(deletion)[2:]))
        return frames


async def stream_of(player: Player) -> list[dict[str, Any]]:
    """The frames that a streamed message of this player brings; it is sent as documented."""
    asked = {frame["type"]: frame for frame in documented() if frame.get("type") in ("append", "close")}
    opening = next(frame for frame in documented() if frame.get("type") == "send" and "open" in frame)
    await player.socket.send(json.dumps(opening))
    seq = (await player.next_of("ack"))["seq"]
    for frame in asked.values():
        await player.socket.send(json.dumps({**frame, "seq": seq}))
    return [await player.next_of("message_appended"), await player.next_of("message_changed")]


TOLD = {"send": "chat_message", "mark": "marked", "revise": "message_changed"}


async def polls_session(verona: Stage, frames: list[dict[str, Any]]) -> None:
    """A real session with the kinds of the plugin `polls`, in which the documented frames are sent."""
    romeo = await verona.enters("romeo", "general", v1=True)
    asked = [
        frame
        for frame in documented()
        if frame.get("kind") in ("poll", "vote", "close-poll") and "id" in frame
    ]
    told = []
    for frame in asked:
        await romeo.socket.send(json.dumps({**frame, "seq": 1} if "seq" in frame else frame))
        told += [await romeo.next_of(kind) for kind in (TOLD[frame["type"]], "ack")]
    frames += [frame for frame in told if frame["type"] != "marked"]  # its keys are tokens


ASKED = (
    "send",
    "edit",
    "append",
    "close",
    "delete",
    "mark",
    "revise",
    "ping",
    "join",
    "leave",
    "watch",
    "read",
)
"""Types of the frames that only clients send."""


async def rooms_session(directory: Path) -> list[dict[str, Any]]:
    """A real connection for many rooms, on which the documented frames are sent."""
    async with open_stage(directory) as verona:
        romeo = await verona.connects("romeo")
        frames = [await romeo.next_of("hello")]
        asked = {frame["type"]: frame for frame in documented() if frame.get("type") in ASKED}
        in_room = next(f for f in documented() if f.get("type") == "send" and "room" in f)
        await romeo.asks("send", **_fields(in_room))
        frames.append(await romeo.next_of("error"))
        await romeo.asks("join", **_fields(asked["join"]))
        await romeo.asks("send", **_fields(in_room))
        frames.append(await romeo.next_of("chat_message"))
        await romeo.asks("watch", **_fields(asked["watch"]))
        frames.append(await romeo.next_of("room_news"))
        await romeo.asks("auth", id="t1", token=verona.token("romeo"))
        frames.append(await romeo.next_of("auth"))
        room, prince = asked["join"]["room"], User("prince", "prince", frozenset({"admin"}))
        await verona.chat.say(room, "Romeo!", sender=prince, mentions=["romeo"])
        frames.append(await romeo.next_of("mention"))
        verona.chat.user_stream.invited(room, ["romeo"])
        frames.append(await romeo.next_of("invited"))
        verona.chat.user_stream.removed(room, ["romeo"])
        frames.append(await romeo.next_of("removed"))
        await verona.chat.describing.describe(prince, room, title="Tea and talk")
        frames.append(await romeo.next_of("room_changed"))
        await romeo.asks("leave", **_fields(asked["leave"]))
        frames.append(await romeo.next_of("ack"))
        await romeo.asks("join", id="j2", room="no/room")
        frames.append(await romeo.next_of("closed"))
        return frames


def _fields(frame: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in frame.items() if key != "type"}


def test_the_documented_frames_are_those_of_real_sessions(tmp_path: Path) -> None:
    real = asyncio.run(classic_session(tmp_path / "classic")) + asyncio.run(v1_session(tmp_path / "v1"))
    real += asyncio.run(rooms_session(tmp_path / "rooms"))
    on_polls(tmp_path / "polls", lambda verona: polls_session(verona, real))
    shapes = [(frame.get("type"), shape(frame)) for frame in real]
    for frame in documented():
        if frame.get("type") in ASKED or frame.keys() == {"message"} or "token" in frame:
            continue  # these are the client's, and were sent
        if frame == {"type": "typing"}:
            continue  # this one, too; the server's says who
        assert (frame.get("type"), shape(frame)) in shapes, frame
    wanted = [(frame.get("type"), shape(frame)) for frame in documented()]
    assert [found for found in shapes if found not in wanted] == []


@pytest.mark.parametrize("text", [block.text for block in blocks("docs/websocket-api.md", "json")])
def test_client_frames_can_be_read(text: str) -> None:
    frame = json.loads(text)
    if frame.get("type") == "send":
        said = V1().decode(text.encode())
        assert said is not None
        assert (said.text, said.client_id) == (frame["message"], frame["id"])
        assert (said.more is not None) is bool({"thread", "kind", "open"} & frame.keys())
    elif frame.get("type") in ("edit", "append", "close", "delete", "mark", "revise"):
        said = V1().decode(text.encode())
        assert said is not None
        assert said.target == frame["seq"]
    elif frame.get("type") == "ping":
        assert V1().decode(text.encode()) is None
    elif frame.keys() == {"message"}:
        assert Classic().decode(text.encode()) == Said(frame["message"])


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading of the wire format's page."""
    after = (DOCS / "websocket-api.md").read_text(encoding="utf-8").split(f"\n{heading}\n")[1]
    table = re.search(r"((?:^\|.*\n)+)", after, re.M)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]


def test_the_error_codes_are_those_of_the_code() -> None:
    told = {code.strip("`"): (words, again) for code, words, again in rows("## Errors")}
    assert told == {
        code: (words, "yes" if code in errors.RETRYABLE else "no") for code, words in errors.CODES.items()
    }


def test_the_close_codes_are_those_of_the_code() -> None:
    told = {int(code): then for code, _, then in rows("# Close codes")}
    ours = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert told.keys() - {1000} == ours
    assert {code for code, then in told.items() if then == "final"} == errors.FINAL_CLOSE_CODES


def test_the_limits_are_those_of_the_code() -> None:
    for _, default, setting in rows("# Limits"):
        key = setting.split("`")[1].removeprefix("[limits] ")
        value = getattr(LimitsSection(), key)
        assert default == (f"{value:g}" if value and value < 1e5 else str(value) if value else "no limit")


SETTING = re.compile(r"`\[(tornchat|rooms|messages|limits|server|jwt|peewee)\] (\w+)")


@pytest.mark.parametrize("page", [p for p in PAGES if "examples" not in p.parts], ids=named)
def test_settings_that_are_named_exist(page: Path) -> None:
    forms = {plugin.name: plugin.settings_type for plugin in load_plugins(Settings()).plugins}
    core: Callable[[str], object] = lambda name: getattr(Settings(), name)  # noqa: E731
    for section, key in SETTING.findall(page.read_text(encoding="utf-8")):
        fields = (forms[section] if section in forms else core(section)).__struct_fields__
        assert key in fields, f"[{section}] {key}"
