"""The page's client on a path that dies without a sign: it asks, notices, comes back and misses nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.browser.conftest import Arrives
from tests.browser.path import path_to
from tests.browser.test_reconnecting import guest_token, say
from tests.browser.visitor import Visitor

ENTER = """async ([base, room, token]) => {
  const { TornchatClient } = await import("/static/tornchat-client.js");
  const chat = (window.chat = new TornchatClient({ base, room, token }));
  window.told = [];
  for (const kind of ["state", "message", "error"])
    chat.addEventListener(kind, ({ detail }) => told.push(detail.state ?? detail.message ?? detail.code));
  chat.connect();
}"""
HEARS = "(text) => new Promise((done) => setInterval(() => told.includes(text) && done(), 50))"


def enters(visitor: Visitor, address: str, base: str = "", room: str = "beat") -> Page:
    """A client of its own on the page on which one signs in, once it is in the room."""
    visitor.opens()
    visitor.evaluates(ENTER, [f"http://{base or visitor.address}/", room, guest_token(address, "Alice")])
    visitor.evaluates(HEARS, "open")
    return visitor.page


def test_a_dead_path_is_noticed_and_what_was_missed_comes_within_ten_seconds(
    arrives: Arrives, address: str
) -> None:
    with path_to(address) as path:
        page = enters(arrives(path.address), address)
        path.dies()
        began = time.monotonic()
        say(address, "Bob", ["Missed."], "beat")
        page.evaluate(HEARS, "Missed.")
        took = time.monotonic() - began
        assert page.evaluate("told") == ["connecting", "open", "waiting", "connecting", "open", "Missed."]
        print(f"\na dead path: noticed, and what was missed received, after {took:.1f} s")
        assert took < 10
        page.evaluate("chat.close()")


@pytest.mark.parametrize("event", ["online", "pageshow", "visibilitychange"])
def test_it_asks_at_once_when_the_path_may_have_changed(arrives: Arrives, address: str, event: str) -> None:
    visitor = arrives(address)
    pings: list[float] = []

    def on_socket(socket: WebSocket) -> None:
        socket.on("framesent", lambda sent: sent == '{"type":"ping"}' and pings.append(time.monotonic()))

    visitor.page.on("websocket", on_socket)
    page = enters(visitor, address)
    began = time.monotonic()
    page.evaluate(f"dispatchEvent(new Event('{event}'))")
    page.wait_for_timeout(500)
    assert [at - began < 2 for at in pings] == [True]
    page.evaluate("chat.close()")


def older_server(socket: ServerConnection) -> None:
    """A server of the version before: it welcomes, and does not know what a ping is."""
    user = {"id": "a", "username": "Alice"}
    socket.send(
        json.dumps(
            {"type": "welcome", "room": "beat", "user": user, "epoch": "e", "seq": 0, "recovered": False}
        )
    )
    try:
        while socket.recv():
            socket.send(json.dumps({"type": "error", "code": "invalid_message", "error": "What is a ping?"}))
    except ConnectionClosed:
        pass


@contextmanager
def serving_older() -> Iterator[str]:
    subprotocols: Any = ["tornchat.v1"]
    with serve(older_server, "127.0.0.1", 0, subprotocols=subprotocols) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_an_error_of_an_older_server_is_an_answer_and_is_not_shown(arrives: Arrives, address: str) -> None:
    with serving_older() as older:
        visitor = arrives(address, bypass_csp=True)
        answers: list[str] = []
        visitor.page.on(
            "websocket", lambda socket: socket.on("framereceived", lambda got: answers.append(str(got)))
        )
        page = enters(visitor, address, older)
        page.wait_for_timeout(11_000)
        assert sum("What is a ping?" in answer for answer in answers) >= 2
        assert page.evaluate("told") == ["connecting", "open"]
        page.evaluate("chat.close()")
