"""The server is killed and comes back: the page shows it, loses nothing and shows nothing twice."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from websockets.sync.client import connect

from tests.browser.conftest import PHONE, SETTINGS, Arrives
from tests.cli.process import Running, running, serving

REFUSED = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ws://", "status of 503")
"""What the console says of a server that is away. One that drains or starts answers calls with 503."""


def guest_token(address: str, name: str) -> str:
    body = json.dumps({"username": name}).encode()
    request = urllib.request.Request(
        f"http://{address}/api/guest", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["token"])


def say(address: str, name: str, texts: list[str], room: str = "general") -> None:
    """Somebody else's messages, without a browser; they are stored when this returns."""
    subprotocols: Any = ["tornchat.v1", f"bearer.{guest_token(address, name)}"]
    with connect(f"ws://{address}/ws/chat/{room}/", subprotocols=subprotocols, proxy=None) as socket:
        for number, text in enumerate(texts):
            socket.send(json.dumps({"type": "send", "id": f"{name}-{number}", "message": text}))
        acks = 0
        while acks < len(texts):
            acks += json.loads(socket.recv(10))["type"] == "ack"


def kill(server: Running) -> None:
    """SIGKILL: nothing is said to anybody."""
    server.process.kill()
    server.process.wait()


@contextmanager
def again(folder: Path, address: str, *settings: str) -> Iterator[Running]:
    """The same chat at the same place, once it listens."""
    port = address.rpartition(":")[2]
    with running(folder, "serve", "--port", port, *(settings or SETTINGS)) as server:
        server.sees("listening")
        yield server


def test_a_killed_server_costs_nothing(arrives: Arrives, tmp_path: Path) -> None:
    with serving(tmp_path, *SETTINGS) as (first, address):
        alice, bob = arrives(address).joins("Alice"), arrives(address, viewport=PHONE).joins("Bob")
        alice.says("Before.")
        bob.sees("Before.")
        kill(first)
        expect(alice.banner).to_have_attribute("data-state", "waiting")
        alice.reads("Not connected.", "Trying again in")
        alice.says("While it is away.", "And another.")
        expect(alice.page.locator(".message.pending .text")).to_have_text(
            ["While it is away.", "And another."]
        )
        alice.pictures("reconnecting")
        bob.pictures("reconnecting-phone")
        alice.page.get_by_role("button", name="Try now").click()
        alice.reads("Not connected.")
        with serving(tmp_path, *SETTINGS) as (second, elsewhere):
            say(elsewhere, "Carol", ["Carol one.", "Carol two."])
            kill(second)
        with again(tmp_path, address):
            everything = ["Before.", "Carol one.", "Carol two.", "While it is away.", "And another."]
            alice.tries_again().sees(*everything)
            bob.tries_again().sees(*everything)
            expect(alice.banner).to_have_count(0)
            expect(alice.page.locator(".message.pending")).to_have_count(0)
            bob.says("After.")
            alice.sees(*everything, "After.")
            expect(alice.page.locator(".person-name")).to_have_text(["Alice", "Bob"])
            alice.leaves(but=REFUSED)
            bob.leaves(but=REFUSED)


def test_an_ended_session_asks_for_another(arrives: Arrives, tmp_path: Path) -> None:
    with serving(tmp_path, *SETTINGS, "--set", "guest.lifetime=3") as (_, address):
        alice = arrives(address)
        alice.page.route("**/api/guest/renew", lambda route: route.fulfill(status=403))
        alice.joins("Alice").reads("Your session has ended.")
        expect(alice.page.get_by_label("Your name")).to_have_value("Alice")
        alice.page.keyboard.press("Enter")
        alice.is_in().leaves(but=[403])
