"""At the page somebody blocks somebody else: the messages are hidden, there and after a reload."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.test_accessibility import AXE, check


def test_the_messages_of_a_blocked_user_are_hidden_until_they_are_unblocked(arrives: Arrives) -> None:
    alice, bob = arrives().joins("Alice", "blocking"), arrives().joins("Bob", "blocking")
    bob.says("Rude.")
    alice.says("Hello.").sees("Rude.", "Hello.")
    alice.page.get_by_role("button", name="Block Bob").click()
    alice.reads("Messages of Bob are hidden.").sees("Hello.")
    bob.says("Ruder.").sees("Rude.", "Hello.", "Ruder.")
    alice.says("Anybody?").sees("Hello.", "Anybody?")
    alice.evaluates(AXE)
    check(alice, "blocking")
    alice.page.reload()
    alice.is_in("blocking").sees("Hello.", "Anybody?")
    expect(alice.page.get_by_role("button", name="Block Bob", exact=True)).to_have_count(0)
    alice.page.get_by_role("button", name="Unblock Bob").click()
    alice.sees("Rude.", "Hello.", "Ruder.", "Anybody?")
