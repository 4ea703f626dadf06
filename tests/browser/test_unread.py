"""What is unread, what mentions whom, and who types: told by the server, the same in each browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from websockets.sync.client import connect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_door import token
from tests.browser.test_room_panel import comes
from tests.browser.visitor import Visitor
from tests.cli.process import serving


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder, and a server there that tells in small rooms who has read what."""
    folder = tmp_path_factory.mktemp("unread")
    with serving(folder, *SETTINGS, "--set", "rooms.receipts_limit=10") as (_, address):
        says((folder, address), "Bob", "general", "Welcome.")
        yield folder, address


def says(house: tuple[Path, str], name: str, room: str, *texts: str, **more: Any) -> None:
    """Somebody with an account says this without a browser; it is stored when this returns."""
    folder, address = house
    subprotocols: Any = ["tornchat.v1", f"bearer.{token(folder, name)}"]
    with connect(f"ws://{address}/ws/chat/{room}/", subprotocols=subprotocols, proxy=None) as socket:
        for number, text in enumerate(texts):
            socket.send(json.dumps({"type": "send", "id": f"{text}-{number}", "message": text, **more}))
        acks = 0
        while acks < len(texts):
            acks += json.loads(socket.recv(10))["type"] == "ack"


def link(visitor: Visitor, name: str) -> Any:
    return visitor.page.get_by_role("navigation", name="Rooms").get_by_role("link", name=name, exact=True)


def test_news_of_other_rooms_come_without_asking(arrives: Arrives, house: tuple[Path, str]) -> None:
    says(house, "Bob", "tea", "The kettle is on.")
    alice = comes(arrives, house, "Alice", "tea").sees("The kettle is on.")
    alice.opens_room("general")
    expect(link(alice, "tea")).to_be_visible()
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    says(house, "Bob", "tea", "It boils.", "It is served.")
    expect(link(alice, "tea , 2 unread")).to_be_visible()
    assert [url for url in asked if "/api/" in url] == []
    alice.opens_room("tea").sees("The kettle is on.", "It boils.", "It is served.")
    expect(alice.page.locator(".rule.new")).to_be_visible()
    alice.opens_room("general")
    expect(link(alice, "tea")).to_be_visible()


def test_what_was_read_in_one_browser_is_read_in_another(arrives: Arrives, house: tuple[Path, str]) -> None:
    says(house, "Bob", "desk", "First.")
    first, second = (comes(arrives, house, "Carol", "desk").sees("First.") for _ in range(2))
    second.opens_room("general")
    first.opens_room("general")
    says(house, "Bob", "desk", "Second.", "Third.")
    for one in (first, second):
        expect(link(one, "desk , 2 unread")).to_be_visible()
    first.opens_room("desk")
    expect(link(second, "desk")).to_be_visible()
    second.evaluates("localStorage.removeItem('tornchat.read:/:Carol')")
    second.page.reload()
    second.is_in("general")
    expect(link(second, "desk")).to_be_visible()


def test_mentions_are_counted_and_found_in_one_place(arrives: Arrives, house: tuple[Path, str]) -> None:
    alice = comes(arrives, house, "Alice", "plans")
    alice.opens_room("general")
    inbox = alice.page.get_by_role("button", name="Mentions")
    inbox.click()
    alice.reads("Nobody has mentioned you yet.")
    says(house, "Bob", "plans", "@Alice, what do you think?", mentions={"users": ["Alice"], "room": False})
    expect(alice.page.get_by_role("button", name="Mentions , 1 mention")).to_be_visible()
    expect(link(alice, "plans , 1 mention , 1 unread")).to_be_visible()
    alice.evaluates(AXE)
    check(alice, "inbox")
    alice.page.get_by_role("list", name="Mentions").get_by_role("button", name="what do you think").click()
    alice.is_in("plans").sees("@Alice, what do you think?")
    expect(alice.page.locator(".message.found")).to_be_visible()
    expect(alice.page.get_by_role("button", name="Mentions", exact=True)).to_be_visible()


def test_typing_is_shown_until_the_message_is_there(arrives: Arrives, house: tuple[Path, str]) -> None:
    alice, bob = comes(arrives, house, "Alice", "hall"), comes(arrives, house, "Bob", "hall")
    bob.composer.press_sequentially("I thi")
    alice.reads("Bob is typing …")
    expect(bob.page.get_by_text("is typing")).to_have_count(0)
    bob.says("I think so.")
    alice.sees("I think so.")
    expect(alice.page.get_by_text("Bob is typing")).to_have_count(0)
    expect(bob.page.get_by_text("Seen by Alice")).to_be_visible()
    alice.says("Good.")
    expect(bob.page.get_by_text("Seen by Alice")).to_have_count(0)


def test_a_guest_has_counts_too(arrives: Arrives, house: tuple[Path, str]) -> None:
    gast = arrives(house[1]).joins("Gast", "porch").says("I was here.").sees("I was here.")
    gast.opens_room("general")
    says(house, "Bob", "porch", "So was I.")
    expect(link(gast, "porch , 1 unread")).to_be_visible()
