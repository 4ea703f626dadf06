"""The dashboard in a real browser: its figures are those of the traffic, and its buttons do what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.browser.conftest import DESKTOP, PHONE, Arrives
from tests.browser.test_accessibility import AXE, FAULTS
from tests.browser.visitor import Visitor
from tests.cli.process import run, serving


class House(NamedTuple):
    """A server, where it is, and its tokens by who brings them."""

    address: str
    tokens: dict[str, str]

    def enters(self, name: str, room: str) -> ClientConnection:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        # Without a bound: who reads nothing would not see the answer to its close frame, either.
        uri = f"ws://{self.address}/ws/chat/{room}/"
        return connect(uri, additional_headers=headers, proxy=None, max_queue=None)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("admin")
    with serving(folder) as (_, address):
        roles = {"romeo": (), "juliet": (), "prince": ("--role", "admin")}
        tokens = {who: run(folder, "token", who, *more).stdout.strip() for who, more in roles.items()}
        yield House(address, tokens)


def signs_in(arrives: Arrives, house: House, **context: object) -> Visitor:
    visitor = arrives(house.address, **context).opens("/admin/")
    visitor.page.get_by_label("An admin's token").fill(house.tokens["prince"])
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="Over time")).to_be_visible()
    return visitor


def is_closed(client: ClientConnection) -> int:
    """The close code that ends this client's connection; what comes before it is passed over."""
    try:
        while True:
            client.recv(timeout=20)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else 1006


def test_the_figures_are_those_of_the_traffic(arrives: Arrives, house: House) -> None:
    visitor = signs_in(arrives, house)
    with house.enters("romeo", "verona") as romeo, house.enters("juliet", "verona"):
        for number in range(20):
            romeo.send(f'{{"message": "number {number}"}}')
        tile = visitor.page.locator(".tile")
        expect(tile.filter(has_text="Connections").locator("b")).to_have_text("2")
        expect(tile.filter(has_text="Rooms loaded").locator("b")).to_have_text("1")
        expect(visitor.page.get_by_text("healthy")).to_be_visible()
        stored = visitor.page.get_by_role("row").filter(has_text="Entries stored")
        expect(stored).to_contain_text("message")
        expect(stored.locator("td")).to_have_text("20")
        visitor.page.get_by_role("link", name="Rooms").click()
        row = visitor.page.get_by_role("row").filter(has_text="verona")
        expect(row.locator("td[data-title='Log entries']")).to_have_text("20")
        expect(row.locator("td[data-title='Users, all nodes']")).to_have_text("2")
        visitor.page.get_by_role("link", name="Plugins").click()
        row = visitor.page.get_by_role("row").filter(has_text="store_messages")
        expect(row.locator("td[data-title='Calls']")).to_have_text(re.compile("[1-9]"))


def test_who_is_kicked_from_the_table_is_out(arrives: Arrives, house: House) -> None:
    visitor = signs_in(arrives, house)
    with house.enters("romeo", "verona") as romeo, house.enters("juliet", "mantua"):
        visitor.page.get_by_role("link", name="Users").click()
        visitor.page.get_by_placeholder("Search users").fill("romeo")
        expect(visitor.page.get_by_text("1 sessions on node")).to_be_visible()
        visitor.page.get_by_role("button", name="Kick romeo from verona").click()
        expect(visitor.page.get_by_text("romeo was kicked from verona.")).to_be_visible()
        assert is_closed(romeo) == 4003
        expect(visitor.page.get_by_text("Nobody here matches")).to_be_visible()


def test_a_ban_asks_for_how_long_and_can_be_left_by_the_keyboard(arrives: Arrives, house: House) -> None:
    visitor = signs_in(arrives, house)
    with house.enters("juliet", "mantua") as juliet:
        visitor.page.get_by_role("link", name="Users").click()
        button = visitor.page.get_by_role("button", name="Ban juliet from mantua")
        button.press("Enter")
        dialog = visitor.page.get_by_role("dialog", name="Ban juliet from mantua?")
        expect(dialog).to_be_visible()
        visitor.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        button.press("Enter")
        dialog.get_by_label("For").select_option("10 minutes")
        dialog.get_by_role("button", name="Ban").click()
        expect(visitor.page.get_by_text("juliet was banned from mantua for 10 minutes.")).to_be_visible()
        assert is_closed(juliet) == 4003


def test_a_token_of_nobody_and_one_of_no_admin_are_refused_with_words(arrives: Arrives, house: House) -> None:
    visitor = arrives(house.address).opens("/admin/")
    field = visitor.page.get_by_label("An admin's token")
    field.fill("x.y.z")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("alert")).to_contain_text("not accepted")
    field.fill(house.tokens["romeo"])
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("alert")).to_contain_text("no admin")
    visitor.faults = [fault for fault in visitor.faults if "401" not in fault]
    assert visitor.evaluates("sessionStorage.length + localStorage.length") == 0


@pytest.mark.parametrize(("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(
    arrives: Arrives, house: House, scheme: str, viewport: dict[str, int]
) -> None:
    visitor = signs_in(arrives, house, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    visitor.evaluates(AXE)
    with house.enters("romeo", "verona"):
        for view in ("Overview", "Rooms", "Users", "Plugins"):
            visitor.page.get_by_role("link", name=view).click()
            expect(visitor.page.get_by_role("heading", name=view, level=1)).to_be_attached()
            if view in ("Rooms", "Users"):
                expect(visitor.page.get_by_text(re.compile("verona")).first).to_be_visible()
            assert visitor.evaluates(FAULTS) == [], view
            assert visitor.evaluates("document.documentElement.scrollWidth <= innerWidth"), view
