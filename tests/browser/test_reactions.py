"""Reactions at the page: as pills, added and taken back in several ways, by mouse, keyboard and touch."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.conftest import PHONE, Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.visitor import Visitor


def pills(visitor: Visitor) -> Locator:
    return visitor.page.locator(".reaction")


def test_two_react_and_see_who_did(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "reactions").says("Cake at four?")
    bob = arrives().joins("Bob", "reactions").sees("Cake at four?")
    bob.texts.first.dblclick(position={"x": 2, "y": 5})
    for one in (alice, bob):
        expect(pills(one)).to_have_text(["👍 1"])
    expect(pills(bob)).to_have_attribute("aria-pressed", "true")
    expect(pills(alice)).to_have_attribute("aria-pressed", "false")
    expect(pills(alice)).to_have_attribute("title", "Bob")
    pills(alice).click()
    expect(pills(bob)).to_have_text(["👍 2"])
    expect(pills(bob)).to_have_attribute("title", "you, Alice")
    expect(pills(bob)).to_have_accessible_name("👍, 2 people")
    bob.page.reload()
    expect(pills(bob)).to_have_text(["👍 2"])
    expect(pills(bob)).to_have_attribute("aria-pressed", "true")
    pills(bob).click()
    pills(alice).click()
    for one in (alice, bob):
        expect(pills(one)).to_have_count(0)


def test_an_emoji_is_found_by_its_name_with_the_keyboard(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "picker").says("Ship it.").sees("Ship it.")
    keys = alice.page.keyboard
    alice.page.locator(".message").last.focus()
    keys.press("+")
    field = alice.page.get_by_role("searchbox", name="Find an emoji")
    expect(field).to_be_focused()
    alice.evaluates(AXE)
    check(alice, "picker")
    field.fill("rocket")
    keys.press("Enter")
    expect(pills(alice)).to_have_text(["🚀 1"])
    alice.acts("Ship it.", "heart")
    expect(pills(alice)).to_have_text(["🚀 1", "❤ 1"])


def test_two_quick_clicks_undo_each_other(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "twice").says("Twice.").sees("Twice.")
    alice.texts.first.dblclick(position={"x": 2, "y": 5})
    expect(pills(alice)).to_have_count(1)
    alice.evaluates("() => { const pill = document.querySelector('.reaction'); pill.click(); pill.click(); }")
    alice.says("After.").sees("Twice.", "After.")
    expect(pills(alice)).to_have_text(["👍 1"])


def test_a_long_press_opens_a_sheet_on_a_touch_screen(arrives: Arrives) -> None:
    alice = arrives(viewport=PHONE, has_touch=True, is_mobile=True).joins("Alice", "pressed")
    alice.composer.fill("Press me.")
    alice.page.get_by_role("button", name="Send").click()
    box = alice.sees("Press me.").texts.first.bounding_box()
    assert box is not None
    touch = alice.context.new_cdp_session(alice.page)
    point = {"x": box["x"] + 5, "y": box["y"] + 5}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    sheet = alice.page.get_by_role("dialog", name="Actions for this message")
    expect(sheet).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    alice.evaluates(AXE)
    check(alice, "sheet")
    sheet.get_by_role("button", name="tada").tap()
    expect(pills(alice)).to_have_text(["🎉 1"])


def test_a_reaction_to_an_old_message_counts(arrives: Arrives) -> None:
    """Beyond what the client keeps and the history shows, the page still knows what is whose."""
    alice = arrives().joins("Alice", "old").says("The first.").sees("The first.")
    alice.texts.first.dblclick(position={"x": 2, "y": 5})
    expect(pills(alice)).to_have_count(1)
    alice.says(*(f"Line {number}." for number in range(60))).sees_last("Line 59.")
    bob = arrives().joins("Bob", "old").sees_last("Line 59.")
    bob.evaluates("document.querySelector('.scroller').scrollTop = 0")
    expect(pills(bob)).to_have_text(["👍 1"])
    pills(bob).click()
    expect(pills(bob)).to_have_text(["👍 2"])
    expect(pills(alice)).to_have_text(["👍 2"])
