"""docs/web-page.md, followed: the client in somebody's own site, which is at another origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_door import token
from tests.browser.test_reconnecting import REFUSED, again, kill, say
from tests.cli.process import serving
from tests.test_docs import blocks
from tornchat.server.http.files import ROOT


class OwnSite(SimpleHTTPRequestHandler):
    """Files; and the way to a token that the page in the docs takes."""

    def do_GET(self) -> None:
        self.path = self.path.replace("/my-login/chat-token", "/token.txt")
        super().do_GET()

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@contextmanager
def own_site(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(OwnSite, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def build(site: Path, address: str, secret: str) -> None:
    """The page of the docs beside a copy of the client."""
    site.mkdir(exist_ok=True)
    [block] = blocks("docs/web-page.md", "html")
    (site / "index.html").write_text(block.text.replace("https://chat.example.org/", f"http://{address}/"))
    (site / "tornchat-client.js").write_bytes((ROOT / "client" / "tornchat-client.js").read_bytes())
    (site / "token.txt").write_text(secret)
    (site / "favicon.ico").touch()


def test_the_page_of_the_docs_talks_and_resumes(arrives: Arrives, tmp_path: Path) -> None:
    with own_site(tmp_path / "site") as site:
        settings = (*SETTINGS, "--set", f"server.allowed_origins=http://{site}", "--set", "guest.enabled=yes")
        with serving(tmp_path, *settings) as (server, address):
            build(tmp_path / "site", address, token(tmp_path, "ada"))
            ada = arrives(site).opens("/index.html")
            ada.page.get_by_label("Message").fill("Hello!")
            ada.page.keyboard.press("Enter")
            lines = ada.page.locator("#talk p")
            expect(lines).to_have_text(["ada: Hello!"])
            expect(ada.page.get_by_label("Message")).to_have_value("")
            ada.page.get_by_label("Message").fill("x" * 12_001)
            ada.page.keyboard.press("Enter")
            ada.reads("The message is longer than 12000 characters.")
            kill(server)
            ada.page.get_by_label("Message").fill("Are you there?")
            ada.page.keyboard.press("Enter")
        with again(tmp_path, address, *settings):
            say(address, "Bob", ["I am."])
            expect(ada.tries_again().page.locator("#talk p")).to_have_count(3)
            assert sorted(lines.all_inner_texts()) == ["Bob: I am.", "ada: Are you there?", "ada: Hello!"]
            ada.leaves(but=REFUSED)
