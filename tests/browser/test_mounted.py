"""The page inside somebody's application, under a prefix."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.test_docs import running, scripts
from tornchat.server.files import ROOT
from tornchat.server.pages import PAGES


def wait_for(port: int) -> None:
    """Until the program listens, which it does not tell."""
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return


def test_it_works_under_a_prefix(arrives: Arrives, tmp_path: Path) -> None:
    with running(scripts("README.md")[0].text, tmp_path) as script:
        wait_for(script.port)
        alice = arrives(f"127.0.0.1:{script.port}").joins("Alice", path="/talk/")
        alice.says("Under a prefix.").sees("Under a prefix.")
        expect(alice.page.locator(".person-name")).to_have_text(["Alice"])
        alice.leaves()


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
    assert html.count('rel="modulepreload"') == len(modules)
    for module in modules - {"chat/main.js"} | {"tornchat-client.js"}:
        assert f'/{module}"' in html
