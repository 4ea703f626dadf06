"""What a room is: its title and topic, invites, leaving and deleting it; and talking to one user alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_door import token
from tests.browser.visitor import Visitor
from tests.cli.process import serving

CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder, and a server there. Guests have no rooms of their own."""
    folder = tmp_path_factory.mktemp("house")
    with serving(folder, *SETTINGS) as (_, address):
        yield folder, address


def comes(arrives: Arrives, house: tuple[Path, str], name: str, room: str) -> Visitor:
    """Somebody with an account, in a room."""
    folder, address = house
    visitor = arrives(address, permissions=["clipboard-read", "clipboard-write"]).opens(f"/#{room}")
    visitor.page.get_by_role("button", name="I have a token").click()
    visitor.page.get_by_label("Your token").fill(token(folder, name))
    visitor.page.get_by_role("button", name="Sign in").click()
    return visitor.is_in(room)


def makes(visitor: Visitor, name: str, private: bool = False) -> Visitor:
    """Create a room at the page."""
    visitor.page.get_by_role("button", name="Create a room").click()
    visitor.page.get_by_label("Its name").fill(name)
    if private:
        visitor.page.get_by_label("Private").check()
    visitor.page.keyboard.press("Enter")
    return visitor.is_in(name)


def test_a_private_room_is_titled_and_others_are_invited(arrives: Arrives, house: tuple[Path, str]) -> None:
    alice, bob = comes(arrives, house, "Alice", "foyer"), comes(arrives, house, "Bob", "foyer")
    makes(alice, "den", private=True)
    alice.page.get_by_role("button", name="About this room").click()
    alice.page.get_by_label("Title").fill("The <b>Den</b>")
    alice.page.get_by_label("Topic").fill("What we plan")
    alice.page.get_by_role("button", name="Save").click()
    alice.reads("Saved.")
    expect(alice.page.get_by_role("heading", name="The <b>Den</b>", level=1)).to_be_visible()
    alice.evaluates(AXE)
    check(alice, "room-panel")
    alice.page.get_by_role("button", name="Copy an invite link").click()
    alice.reads("Copied.")
    bob.page.goto("about:blank")
    bob.page.goto(alice.evaluates(CLIPBOARD))
    expect(bob.page.get_by_role("heading", name="The <b>Den</b>", level=1)).to_be_visible()
    bob.says("Thank you.")
    alice.sees("Thank you.")
    bob.page.get_by_role("button", name="About this room").click()
    bob.reads("What we plan", "Members")
    expect(bob.page.get_by_role("button", name="Delete this room")).to_have_count(0)
    bob.page.get_by_role("button", name="Leave this room").click()
    bob.reads("You have left")
    bob.is_in("general")


def test_a_room_is_deleted_by_those_who_type_its_name(arrives: Arrives, house: tuple[Path, str]) -> None:
    alice = makes(comes(arrives, house, "Alice", "foyer"), "doomed")
    alice.page.get_by_role("button", name="About this room").click()
    alice.page.get_by_role("button", name="Delete this room").click()
    dialog = alice.page.get_by_role("dialog", name="Delete this room")
    dialog.get_by_label("Its name").fill("doom")
    expect(dialog.get_by_role("button", name="Delete this room")).to_be_disabled()
    dialog.get_by_label("Its name").fill("doomed")
    dialog.get_by_role("button", name="Delete this room").click()
    alice.reads("doomed was deleted.").is_in("general")
    expect(alice.page.get_by_role("link", name="doomed")).to_have_count(0)


def test_two_talk_alone(arrives: Arrives, house: tuple[Path, str]) -> None:
    alice, bob = comes(arrives, house, "Alice", "square"), comes(arrives, house, "Bob", "square")
    alice.page.get_by_role("button", name="Talk to Bob alone").click()
    alice.is_in("Bob").says("Between us.").sees("Between us.")
    bob.evaluates("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back
    bob.page.get_by_role("navigation", name="Rooms").get_by_role("link", name="Alice").click()
    bob.sees("Between us.").says("I see.")
    alice.sees("Between us.", "I see.")
