"""Reports and slow mode at the page: what one reports a moderator sees, and how often one may write."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_accessibility import AXE, check
from tests.browser.test_moderating import bob, moderated, moderator
from tests.browser.visitor import Visitor

__all__ = ["bob", "moderated", "moderator"]


def test_a_report_reaches_a_moderator(moderator: Visitor, bob: Visitor) -> None:
    moderator.says("Buy my book!").sees("Buy my book!")
    bob.sees("Buy my book!").acts("Buy my book!", "Report to the moderators")
    bob.page.get_by_role("button", name="Report", exact=True).click()
    bob.reads("Say what is wrong")
    bob.page.get_by_label("What is wrong with it?").fill("An advertisement.")
    bob.evaluates(AXE)
    check(bob, "reporting")
    bob.page.get_by_role("button", name="Report", exact=True).click()
    bob.reads("The moderators will see it.")
    expect(bob.page.get_by_role("dialog")).to_have_count(0)
    moderator.page.reload()
    moderator.reads("An advertisement.")
    moderator.evaluates(AXE)
    check(moderator, "reports")
    moderator.page.get_by_role("button", name="Done").click()
    moderator.reads("The report is closed.")
    expect(moderator.page.get_by_text("An advertisement.")).to_have_count(0)


def test_in_slow_mode_one_waits_between_messages(moderator: Visitor, bob: Visitor) -> None:
    moderator.page.get_by_label("Slow mode").select_option("30")
    moderator.reads("Slow mode is on: one message every 30 seconds.")
    bob.page.reload()
    bob.is_in("in_slow_mode_one_wai").says("First.").sees("First.")
    bob.reads("Slow mode: you can write again in")
    bob.composer.fill("Second.")
    expect(bob.page.get_by_role("button", name="Send")).to_be_disabled()
    moderator.says("I need not wait.", "Nor now.").sees("First.", "I need not wait.", "Nor now.")
    moderator.page.get_by_label("Slow mode").select_option("0")
    moderator.reads("Slow mode is off.")
    bob.page.reload()
    bob.says("Second.")
    moderator.sees("First.", "I need not wait.", "Nor now.", "Second.")
