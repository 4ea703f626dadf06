"""The page inside somebody's application, under a prefix."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.cli.process import serving
from tests.nginx import below_path, nginx
from tornchat.server.http.files import ROOT
from tornchat.server.http.pages import PAGES

HOST = """
import asyncio
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornchat import ChatApp

async def main():
    chat = ChatApp({"tornchat": {"data_dir": "chat-data"}})
    [listener] = bind_sockets(0, "127.0.0.1")
    await chat.start()
    HTTPServer(Application(chat.routes(prefix="/talk"))).add_socket(listener)
    print(listener.getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def mounted(folder: Path) -> Iterator[str]:
    """A host's application with the chat in it: its host:port."""
    command = [sys.executable, "-c", HOST]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def test_it_works_under_a_prefix(arrives: Arrives, tmp_path: Path) -> None:
    with mounted(tmp_path) as address:
        alice = arrives(address).joins("Alice", path="/talk/")
        alice.says("Under a prefix.").sees("Under a prefix.")
        expect(alice.page.locator(".person-name")).to_have_text(["Alice"])
        alice.leaves()


@pytest.mark.parametrize("prefix", ["/talk", ""], ids=["kept", "taken away, nothing set"])
def test_it_works_below_a_path_of_nginx(arrives: Arrives, tmp_path: Path, prefix: str) -> None:
    """Page, files, guests, calls, socket and documents: all below the path, and nothing beside it."""
    options = ("--set", "guest.enabled=yes", "--set", f"server.prefix={prefix}")
    trusted = ("--set", "server.trusted_proxies=127.0.0.1")
    site = below_path() if prefix else below_path().replace(":8888;", ":8888/;")
    with (
        serving(tmp_path, *options, *trusted) as (_, address),
        nginx(tmp_path / "nginx", int(address.rpartition(":")[2]), site) as front,
    ):
        alice = arrives(f"127.0.0.1:{front.port}")
        asked: list[str] = []
        alice.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        alice.page.on("websocket", lambda socket: asked.append(urlsplit(socket.url).path))
        alice.joins("Alice", path="/talk").says("Below a path.").sees("Below a path.")
        alice.page.reload()
        alice.is_in().sees("Below a path.")
        assert alice.evaluates("Object.keys(localStorage)").count("tornchat.session:/talk/") == 1
        alice.opens("/talk/asyncapi").reads(f"ws://127.0.0.1:{front.port}{prefix}/ws/chat/{{room}}/")
        alice.opens("/talk/admin").reads("tornchat admin")
        alice.opens("/talk/swagger")
        expect(alice.page.locator(".opblock").first).to_be_visible()
        assert [path for path in asked if not path.startswith("/talk")] == []
        assert "/talk/ws/chat/general/" in asked
        alice.opens("/talk/").leaves()


def test_all_modules_are_asked_for_at_once(address: str) -> None:
    """Else the browser finds them one step after another, and each step costs a journey."""
    assert PAGES["/"] == "chat.html"
    html = urlopen(f"http://{address}/").read().decode()
    files = [
        path
        for folder in ("chat", "vendor/htm-3.1.1", "vendor/preact-11.2.0")
        for path in (ROOT / folder).iterdir()
    ]
    modules = {path.relative_to(ROOT).as_posix() for path in files if path.suffix in (".js", ".mjs")}
    modules -= {"chat/strings.de.js"}  # loaded by browsers that want it
    assert html.count('rel="modulepreload"') == len(modules)
    for module in modules - {"chat/main.js"} | {"tornchat-client.js"}:
        assert f'/{module}"' in html
