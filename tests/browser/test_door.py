"""The way in: with a token, without one, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.cli.process import run, serving

KEPT = "() => JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href])"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder, and a server there that lets no guests in."""
    folder = tmp_path_factory.mktemp("closed")
    with serving(folder, "--set", "guest.enabled=no") as (_, address):
        yield folder, address


def token(folder: Path, name: str, *options: str) -> str:
    return run(folder, "token", name, *options).stdout.splitlines()[-1]


def test_without_guests_the_way_in_is_said(arrives: Arrives, closed: tuple[Path, str]) -> None:
    folder, address = closed
    alice = arrives(address).opens().reads("lets nobody in without a token", "tornchat token YOUR-NAME")
    alice.pictures("door-token")
    field = alice.page.get_by_label("Your token")
    field.fill("no token at all")
    alice.page.keyboard.press("Control+Enter")
    alice.page.get_by_role("button", name="Sign in").click()
    alice.reads("That is no token.")
    field.fill(token(folder, "alice")[:-4] + "AAAA")
    alice.page.get_by_role("button", name="Sign in").click()
    alice.reads("does not accept this token")
    expect(field).to_be_focused()
    field.fill(f"  {token(folder, 'alice')}\n")
    alice.page.get_by_role("button", name="Sign in").click()
    alice.is_in().says("Here I am.").sees("Here I am.")
    alice.leaves(but=[401])


def test_a_token_stays_in_its_tab_and_goes_with_it(arrives: Arrives, closed: tuple[Path, str]) -> None:
    folder, address = closed
    secret = token(folder, "bob")
    bob = arrives(address).opens()
    bob.page.get_by_label("Your token").fill(secret)
    bob.page.get_by_role("button", name="Sign in").click()
    bob.is_in()
    session, browser, cookie, href = bob.evaluates(f"JSON.parse(({KEPT})())")
    assert secret in str(session)
    assert secret not in str([browser, cookie, href])
    bob.page.reload()
    bob.is_in()
    bob.page.get_by_role("button", name="Sign out").click()
    expect(bob.page.get_by_label("Your token")).to_be_visible()
    assert secret not in bob.evaluates(KEPT)
    bob.page.reload()
    expect(bob.page.get_by_label("Your token")).to_be_visible()


def test_a_page_that_is_not_drawn_yet_misses_no_answer(arrives: Arrives, closed: tuple[Path, str]) -> None:
    """A tab in the background draws no frames, and the server answers before the first one."""
    alice = arrives(closed[1])
    alice.page.add_init_script("requestAnimationFrame = () => 0")
    for _ in range(5):
        alice.opens()
        expect(alice.page.get_by_label("Your token")).to_be_visible()


def test_a_server_that_is_away_is_waited_for(arrives: Arrives, closed: tuple[Path, str]) -> None:
    alice = arrives(closed[1])
    alice.page.route("**/api/", lambda route: route.abort())
    alice.opens().reads("can't be reached now")
    alice.page.unroute("**/api/")
    expect(alice.page.get_by_label("Your token")).to_be_visible()
    alice.leaves(but=["ERR_FAILED"])
