"""One's own messages at the page: edited, deleted, on their way, stored and refused."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_reconnecting import REFUSED, again, kill
from tests.cli.process import serving


def test_the_arrow_up_edits_the_last_message(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "editing").says("Frist.", "Secnod.").sees("Frist.", "Secnod.")
    bob = arrives().joins("Bob", "editing").says("Bob's.").sees("Frist.", "Secnod.", "Bob's.")
    alice.sees("Frist.", "Secnod.", "Bob's.").composer.press("ArrowUp")
    expect(alice.composer).to_have_value("Secnod.")
    alice.reads("Editing a message")
    alice.composer.press("Escape")
    expect(alice.composer).to_have_value("")
    alice.composer.press("ArrowUp")
    alice.says("Second.").sees("Frist.", "Second.", "Bob's.")
    bob.sees("Frist.", "Second.", "Bob's.")
    expect(bob.page.locator("[data-edited]")).to_have_count(1)
    alice.acts("Frist.", "Edit this message")
    alice.says("First.")
    bob.sees("First.", "Second.", "Bob's.")
    bob.page.locator(".message").first.hover()
    expect(bob.page.get_by_role("button", name="Reply to this message")).to_be_visible()
    expect(bob.page.get_by_role("button", name="Edit this message")).to_have_count(0)


def test_an_edit_leaves_the_draft_as_it_is(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "drafted").says("Done.").sees("Done.")
    alice.composer.fill("To be contin")
    alice.acts("Done.", "Edit this message")
    expect(alice.composer).to_have_value("Done.")
    alice.says("Done!").sees("Done!")
    expect(alice.composer).to_have_value("To be contin")


def test_an_edit_is_sent_when_the_server_is_back(arrives: Arrives, tmp_path: Path) -> None:
    with serving(tmp_path, *SETTINGS) as (first, address):
        alice = arrives(address).joins("Alice").says("Before.").sees("Before.")
        kill(first)
        expect(alice.banner).to_have_attribute("data-state", "waiting")
        alice.composer.press("ArrowUp")
        alice.says("After.").sees("After.")
        expect(alice.page.get_by_role("img", name="Sending")).to_have_count(1)
        with again(tmp_path, address):
            alice.tries_again()
            expect(alice.page.get_by_role("img", name="Sending")).to_have_count(0)
            alice.page.reload()
            alice.sees("After.").leaves(but=REFUSED)


def test_a_refused_edit_says_why_and_is_given_up(arrives: Arrives) -> None:
    alice = arrives().knows_no_limits().joins("Alice", "refused").says("Short.").sees("Short.")
    alice.composer.press("ArrowUp")
    alice.says("x" * 12_001).reads("Not changed. The message is longer than 12000 characters")
    alice.page.get_by_role("button", name="Discard").click()
    alice.sees("Short.")


def test_what_is_stored_is_ticked_for_a_moment(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "ticked").says("Stored?")
    expect(alice.page.get_by_role("img", name="Stored")).to_have_count(1)
    expect(alice.page.get_by_role("img", name="Stored")).to_have_count(0)
    alice.sees("Stored?")
