"""Starred rooms stand at the top, and the page can be read where the system chooses the colours."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_reconnecting import say

FILL = "([selector]) => getComputedStyle(document.querySelector(selector)).backgroundColor"


def test_a_starred_room_stands_at_the_top_and_stays_there(arrives: Arrives, address: str) -> None:
    for room in ("star-a", "star-b", "star-c"):
        say(address, "Ada", ["Hello."], room)
    alice = arrives().joins("Alice", "star-c")
    rows = alice.page.locator(".room .room-name")
    star = alice.page.get_by_role("button", name="Favourite")
    expect(rows.first).not_to_have_text("star-c")
    star.focus()
    alice.page.keyboard.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(rows.first).to_have_text("star-c")
    alice.evaluates(AXE)
    check(alice, "favourites")
    alice.page.reload()
    alice.is_in("star-c")
    expect(rows.first).to_have_text("star-c")
    star.click()
    expect(rows.first).not_to_have_text("star-c")


def test_forced_colours_keep_what_fills_said(arrives: Arrives, address: str) -> None:
    say(address, "Ada", ["Hello."], "forced")
    alice = arrives(forced_colors="active").joins("Alice", "forced").sees("Hello.")
    selected, surface = (
        alice.evaluates(FILL, [".room[aria-current]"]),
        alice.evaluates(FILL, [".room-list"]),
    )
    assert selected != surface
    border = "getComputedStyle(document.querySelector('.avatar')).borderTopWidth"
    assert alice.evaluates(border) == "1px"
    alice.evaluates(AXE)
    check(alice, "forced-colours")
