"""A moderator at the page: deletes, mutes, removes and bans; and what the other one sees of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_door import token
from tests.browser.test_reconnecting import say
from tests.browser.visitor import Visitor
from tests.cli.process import serving


@pytest.fixture(scope="module")
def moderated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server, and the token of a moderator there."""
    folder = tmp_path_factory.mktemp("moderated")
    with serving(folder, *SETTINGS) as (_, address):
        yield address, token(folder, "Mo", "--role", "moderator")


@pytest.fixture
def moderator(arrives: Arrives, moderated: tuple[str, str], request: pytest.FixtureRequest) -> Visitor:
    """Mo, in a room of this test."""
    address, secret = moderated
    mo = arrives(address).opens(f"/#{request.node.name[5:25]}")
    mo.page.get_by_role("button", name="I have a token").click()
    mo.page.get_by_label("Your token").fill(secret)
    mo.page.get_by_role("button", name="Sign in").click()
    return mo.is_in(request.node.name[5:25])


@pytest.fixture
def bob(arrives: Arrives, moderator: Visitor, request: pytest.FixtureRequest) -> Visitor:
    """Bob, a guest, in the same room."""
    return arrives(moderator.address).joins("Bob", request.node.name[5:25])


def measure(moderator: Visitor, name: str) -> None:
    """Press a button of what can be done about Bob."""
    if moderator.page.get_by_role("button", name=name).count() == 0:
        moderator.page.get_by_role("button", name="Moderate Bob").click()
    moderator.page.get_by_role("button", name=name).click()


def test_a_message_is_deleted_for_all(moderator: Visitor, bob: Visitor) -> None:
    bob.says("Something rude.", "Something nice.")
    moderator.sees("Something rude.", "Something nice.")
    moderator.acts("Something rude.", "Delete this message")
    dialog = moderator.page.get_by_role("dialog", name="Delete this message?")
    expect(dialog).to_contain_text("Something rude.")
    moderator.pictures("deleting")
    dialog.get_by_role("button", name="Delete").click()
    for somebody in (moderator, bob):
        somebody.sees("This message was deleted.", "Something nice.")
    bob.page.reload()
    bob.is_in("a_message_is_deleted").sees("This message was deleted.", "Something nice.")


def test_who_is_muted_is_told_so_until_it_is_lifted(moderator: Visitor, bob: Visitor) -> None:
    measure(moderator, "Mute")
    moderator.reads("Bob is muted for 1 hour.", "Muted for 60 minutes more")
    moderator.evaluates(AXE)
    check(moderator, "moderating")
    bob.says("Mmh.").reads("Not sent.")
    moderator.page.get_by_role("button", name="Lift what holds Bob").click()
    moderator.reads("Lifted.")
    bob.page.get_by_role("button", name="Retry").click()
    moderator.sees("Mmh.")


def test_who_is_removed_may_come_back_and_who_is_banned_may_not(moderator: Visitor, bob: Visitor) -> None:
    measure(moderator, "Remove …")
    moderator.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    bob.reads("A moderator removed you from this room.")
    bob.page.get_by_role("button", name="Try to come back").click()
    expect(moderator.page.get_by_role("button", name="Moderate Bob")).to_be_visible()
    measure(moderator, "Ban …")
    moderator.page.get_by_role("dialog").get_by_role("button", name="Ban").click()
    moderator.reads("Banned for 60 minutes more")
    bob.page.get_by_role("button", name="Try to come back").click()
    bob.reads("There is no room")
    bob.leaves(but=[404, 403])


def test_what_was_said_is_found(moderator: Visitor) -> None:
    room = "test_what_was_said_is_found"[5:25]
    say(moderator.address, "Ada", ["The notes are ready.", *["..."] * 70, "Thanks for the notes."], room)
    moderator.sees_last("Thanks for the notes.")
    moderator.page.get_by_role("button", name="Search in this room").click()
    expect(moderator.page.get_by_role("searchbox")).to_be_focused()
    moderator.page.keyboard.type("notes")
    moderator.page.keyboard.press("Enter")
    results = moderator.page.locator(".results .excerpt")
    expect(results).to_have_text(["Thanks for the notes.", "The notes are ready."])
    moderator.pictures("search")
    results.last.click()
    expect(moderator.page.locator(".message.found .text")).to_have_text("The notes are ready.")
    expect(moderator.page.locator(".message.found")).to_be_in_viewport()


def test_other_rooms_count_what_was_not_read(moderator: Visitor) -> None:
    moderator.page.get_by_role("button", name="Create a room").click()
    moderator.page.get_by_label("Its name").fill("garden")
    moderator.page.keyboard.press("Enter")
    moderator.is_in("garden").says("Here.").sees("Here.")
    moderator.opens_room("other_rooms_count_wh")
    say(moderator.address, "Ada", ["One.", "Two."], "garden")
    moderator.evaluates("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back
    expect(moderator.page.get_by_role("link", name="garden , 2 unread")).to_be_visible()
    moderator.opens_room("garden").sees("Here.", "One.", "Two.")
    expect(moderator.page.locator(".rule.new")).to_be_visible()
    expect(moderator.page.get_by_role("link", name="garden", exact=True)).to_be_visible()
