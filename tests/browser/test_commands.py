"""What the keyboard does from anywhere: the palette, the keys, the list of rooms, the way past it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_reconnecting import say
from tests.browser.visitor import Visitor


def palette(visitor: Visitor, letters: str) -> None:
    visitor.page.keyboard.press("Control+k")
    expect(visitor.page.get_by_role("combobox")).to_be_focused()
    visitor.page.keyboard.type(letters)


def test_the_palette_finds_rooms_and_commands(arrives: Arrives, address: str) -> None:
    for room in ("garden-party", "kitchen"):
        say(address, "Ada", ["Hello."], room)
    alice = arrives().joins("Alice", "hall")
    palette(alice, "gprt")
    expect(alice.page.get_by_role("option").first).to_contain_text("garden-party")
    alice.evaluates(AXE)
    check(alice, "palette")
    alice.page.keyboard.press("Enter")
    alice.is_in("garden-party")
    palette(alice, "create")
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_label("Its name")).to_be_focused()
    alice.page.keyboard.press("Escape")
    alice.page.locator(".scroller").focus()
    alice.page.keyboard.press("?")
    alice.reads("Keyboard shortcuts", "On a message")
    alice.evaluates(AXE)
    check(alice, "shortcuts")
    alice.page.keyboard.press("Escape")
    alice.page.keyboard.press("/")
    expect(alice.page.get_by_role("searchbox", name="Search in garden-party")).to_be_focused()


def test_keys_go_from_room_to_room_and_mark_what_is_read(arrives: Arrives, address: str) -> None:
    rooms = ["step-a", "step-b", "step-c"]
    for room in rooms:
        say(address, "Ada", ["Hello."], room)
    alice = arrives().joins("Alice", "step-a")
    for room in ("step-c", "step-b"):
        alice.opens_room(room)
    alice.page.keyboard.press("Alt+ArrowUp")
    alice.is_in("step-a")
    alice.page.keyboard.press("Alt+ArrowDown")
    alice.is_in("step-b")
    say(address, "Ada", ["News."], "step-c")
    say(address, "Ada", ["News."], "step-a")
    alice.evaluates("document.dispatchEvent(new Event('visibilitychange'))")
    expect(alice.page.get_by_role("link", name="step-c , 1 unread")).to_be_visible()
    alice.page.keyboard.press("Alt+Shift+ArrowDown")
    alice.is_in("step-c")
    alice.page.keyboard.press("Alt+Shift+ArrowDown")
    alice.is_in("step-a").leaves(but=["closed before the connection is established"])


def test_one_tab_stop_leads_past_the_rooms(arrives: Arrives, address: str) -> None:
    for room in ("tab-a", "tab-b", "tab-c"):
        say(address, "Ada", ["Hello."], room)
    alice = arrives().joins("Alice", "tab-b")
    assert alice.page.locator(".room[tabindex='0']").count() == 1
    alice.page.locator(".room[tabindex='0']").focus()
    alice.page.keyboard.press("ArrowDown")
    expect(alice.page.get_by_role("link", name="tab-c")).to_be_focused()
    alice.page.keyboard.press("Home")
    alice.page.keyboard.press("Enter")
    assert not alice.page.url.endswith("tab-b")
    alice.evaluates("document.activeElement.blur()")
    alice.page.keyboard.press("Tab")
    skip = alice.page.get_by_role("button", name="Skip to the messages")
    skip.focus()
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator(".talk .scroller")).to_be_focused()


@pytest.fixture
def crowded(arrives: Arrives) -> Visitor:
    """A visitor to whom the server tells of 500 rooms."""
    rooms = [
        {"name": f"room-{n}", "private": False, "owner": None, "epoch": "e", "seq": 0} for n in range(500)
    ]

    def listed(route: Route) -> None:
        route.fulfill(json={"rooms": rooms, "next": None})

    alice = arrives()
    alice.page.route(re.compile(r"/api/rooms\?"), listed)
    return alice.joins("Alice", "room-9")


def test_of_500_rooms_those_in_sight_are_drawn(crowded: Visitor) -> None:
    expect(crowded.page.get_by_role("link", name="room-10", exact=True)).to_be_visible()
    assert crowded.page.locator(".room").count() < 100
    names = crowded.page.locator(".room-name").all_inner_texts()
    assert names[:3] == ["room-0", "room-1", "room-2"]
    crowded.page.locator(".room[tabindex='0']").focus()
    crowded.page.keyboard.press("End")
    last = crowded.page.get_by_role("link", name="room-499")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    crowded.page.keyboard.press("ArrowUp")
    expect(crowded.page.get_by_role("link", name="room-498")).to_be_focused()
    assert crowded.page.locator(".room").count() < 100
