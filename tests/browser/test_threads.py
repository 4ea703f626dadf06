"""Threads beside the room, links to messages, and where one begins to read."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import PHONE, Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_reconnecting import say
from tests.browser.visitor import Visitor

LINES = [f"Line {number}." for number in range(1, 161)]


def thread(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("region", name="Messages in the thread")


def answers(visitor: Visitor, text: str) -> None:
    field = visitor.page.get_by_role("textbox", name="Reply in the thread")
    field.fill(text)
    field.press("Enter")


def test_two_talk_in_a_thread_beside_the_room(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "beside").says("Tea or coffee?", "And something else.")
    bob = arrives().joins("Bob", "beside").sees("Tea or coffee?", "And something else.")
    bob.page.locator(".message").first.hover()
    bob.page.get_by_role("button", name="Open the thread").click()
    expect(bob.page.get_by_role("textbox", name="Reply in the thread")).to_be_focused()
    answers(bob, "Tea.")
    alice.page.get_by_role("button", name="1 reply").click()
    expect(thread(alice).locator(".text")).to_have_text(["Tea or coffee?", "Tea."])
    answers(alice, "Green?")
    expect(thread(bob).locator(".text")).to_have_text(["Tea or coffee?", "Tea.", "Green?"])
    expect(bob.page.get_by_role("button", name="2 replies")).to_be_visible()
    bob.evaluates(AXE)
    check(bob, "thread")
    alice.acts("Tea or coffee?", "tada")
    expect(thread(bob).locator(".reaction")).to_have_text(["🎉 1"])
    bob.page.get_by_role("button", name="Close", exact=True).click()
    expect(bob.composer).to_be_focused()
    bob.page.reload()
    bob.page.get_by_role("button", name="2 replies").click()
    expect(thread(bob).locator(".text")).to_have_text(["Tea or coffee?", "Tea.", "Green?"])


def test_a_thread_fills_a_phone(arrives: Arrives) -> None:
    alice = arrives(viewport=PHONE, has_touch=True, is_mobile=True).joins("Alice", "small")
    alice.composer.fill("A question.")
    alice.page.get_by_role("button", name="Send").click()
    alice.sees("A question.").page.locator(".message").first.focus()
    alice.page.get_by_role("button", name="Open the thread").tap()
    field = alice.page.get_by_role("textbox", name="Reply in the thread")
    field.fill("An answer.")
    alice.page.get_by_role("dialog", name="Thread").get_by_role("button", name="Send").tap()
    expect(thread(alice).locator(".text")).to_have_text(["A question.", "An answer."])
    alice.evaluates(AXE)
    check(alice, "thread-phone")


def test_a_link_leads_to_its_message_wherever_it_is(arrives: Arrives, address: str) -> None:
    say(address, "Ada", LINES, "linked")
    alice = arrives(permissions=["clipboard-read", "clipboard-write"])
    alice.joins("Alice", "linked").sees_last(LINES[-1])
    alice.acts(LINES[-2], "Copy the link")
    assert alice.evaluates("navigator.clipboard.readText()") == f"http://{address}/#linked/159"
    alice.evaluates("location.hash = '#linked/12'")
    found = alice.page.locator(".message.found")
    expect(found.locator(".text")).to_have_text("Line 12.")
    expect(found).to_be_in_viewport()
    alice.page.reload()
    expect(found.locator(".text")).to_have_text("Line 12.")
    expect(found).to_be_in_viewport()
    alice.evaluates("location.hash = '#linked/999999'")
    alice.reads("That message is no longer there.")


def test_one_begins_at_the_first_message_that_was_not_read(arrives: Arrives, address: str) -> None:
    say(address, "Ada", LINES[:30], "away")
    alice = arrives().joins("Alice", "away").sees_last(LINES[29])
    alice.opens("/#elsewhere").is_in("elsewhere")
    say(address, "Ada", LINES[30:], "away")
    alice.opens("/#away").is_in("away")
    alice.reads("130 new since")
    expect(alice.page.locator(".rule.new")).to_be_in_viewport()
    expect(alice.page.get_by_text("Line 31.")).to_be_in_viewport()
    expect(alice.page).to_have_title(re.compile(r"^\(130\)"))
    alice.evaluates(AXE)
    check(alice, "unread-above")
    alice.page.get_by_role("button", name="Mark read").click()
    alice.sees_last(LINES[-1])
    expect(alice.texts.last).to_be_in_viewport()
    expect(alice.page).to_have_title("away · tornchat")


def test_the_day_stays_in_sight(arrives: Arrives, address: str) -> None:
    say(address, "Ada", LINES, "days")
    alice = arrives().joins("Alice", "days").sees_last(LINES[-1])
    expect(alice.page.locator(".rule.day").last).to_be_in_viewport()
