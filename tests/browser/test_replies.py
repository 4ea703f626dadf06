"""Replies on the page: a message answers another one, which is quoted above it, and threads are counted."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.test_changes import THREAD


def test_a_reply_quotes_what_it_answers_and_leads_to_it(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "replies").says("What's in a name?")
    bob = arrives().joins("Bob", "replies").sees("What's in a name?")
    bob.page.locator(".message").first.hover()
    bob.page.get_by_role("button", name="Reply to this message").click()
    expect(bob.page.locator(".replying")).to_contain_text("In reply to Alice: What's in a name?")
    bob.says("A rose.").says("No reply.").sees("What's in a name?", "A rose.", "No reply.")
    expect(bob.page.locator(".replying")).to_have_count(0)
    quote = alice.page.get_by_role("button", name="In reply to Alice: What's in a name?")
    expect(quote).to_have_count(1)
    quote.click()
    expect(alice.page.locator(".message.found .text")).to_have_text("What's in a name?")
    alice.acts("What's in a name?", "Delete this message")
    alice.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(bob.page.get_by_role("button", name="In reply to a deleted message")).to_have_count(1)


def test_a_reply_is_given_up_with_escape(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "escape").says("One.").sees("One.")
    alice.page.locator(".message").first.hover()
    alice.page.get_by_role("button", name="Reply to this message").click()
    expect(alice.composer).to_be_focused()
    alice.composer.press("Escape")
    expect(alice.page.locator(".replying")).to_have_count(0)
    alice.says("Two.").sees("One.", "Two.")
    expect(alice.page.locator(".quote")).to_have_count(0)


def test_threads_are_counted_on_the_page(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "threads")
    alice.evaluates(THREAD)
    alice.sees("root", "new", "This message was deleted.")
    expect(alice.page.locator(".replies")).to_have_text(["1 reply"])
    expect(alice.page.locator(".quote")).to_have_text(["In reply to Robot: root"])
    alice.page.reload()
    expect(alice.page.locator(".replies")).to_have_text(["1 reply"])
