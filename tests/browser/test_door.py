"""The way in: with a token, without one, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.visitor import Visitor
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
    alice = (
        arrives(address)
        .opens()
        .reads("lets nobody in without a login or a token", "tornchat token YOUR-NAME")
    )
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


def test_a_login_survives_tabs_and_the_browser_and_ends_everywhere_at_sign_out(
    arrives: Arrives, closed: tuple[Path, str], browser: Browser
) -> None:
    folder, address = closed
    secret = token(folder, "bob")
    bob = arrives(address).opens()
    bob.page.get_by_label("Your token").fill(secret)
    bob.page.get_by_role("button", name="Sign in").click()
    bob.is_in()
    session, kept, cookie, href = bob.evaluates(f"JSON.parse(({KEPT})())")
    assert secret in str(kept)
    assert secret not in str([session, cookie, href])
    bob.page.reload()
    bob.is_in()
    with browser.new_context(storage_state=bob.context.storage_state()) as again:  # what a disk keeps
        Visitor(again, address).opens("/#garden").is_in("garden")
    other = bob.opens_a_tab("/#garden").is_in("garden")
    door = bob.opens_a_tab("/#tea").is_in("tea")
    bob.page.get_by_role("button", name="Sign out").click()
    for tab in (bob, other, door):
        expect(tab.page.get_by_label("Your token")).to_be_visible()
    assert secret not in bob.evaluates(KEPT)
    bob.page.reload()
    expect(bob.page.get_by_label("Your token")).to_be_visible()
    bob.page.get_by_label("Your token").fill(secret)
    bob.page.get_by_role("button", name="Sign in").click()
    for tab, room in ((bob, "general"), (other, "garden"), (door, "tea")):
        tab.is_in(room)
    for tab in (other, door):
        tab.page.close()


OWN_LOGIN = """
from __future__ import annotations
from tornchat import Credentials, User, hookimpl

class Own:
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        name = credentials.cookies.get("login") or {"opaque/+~=": "ann"}.get(credentials.token or "")
        return User(name, name) if name else None
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a site's own login, and tokens that only it understands."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_login.py").write_text(OWN_LOGIN)
    made = folder / "own_login-1.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: own-login\nVersion: 1\n")
    (made / "entry_points.txt").write_text("[tornchat]\nown = own_login:Own\n")
    options = ("--set", "tornchat.plugins=own,peewee,local")
    with serving(folder, *options, PYTHONPATH=str(folder)) as (_, address):
        yield address


def test_who_is_logged_in_to_the_site_is_in(arrives: Arrives, site: str) -> None:
    ann = arrives(site)
    ann.context.add_cookies([{"name": "login", "value": "ann", "url": f"http://{site}"}])
    ann.opens().is_in().says("By the site's login.").sees("By the site's login.")
    expect(ann.page.get_by_role("button", name="Sign out")).to_have_count(0)  # that is the site's
    ann.context.clear_cookies()
    ann.page.reload()
    ann.reads("sign in there and reload")


def test_a_token_that_only_the_server_understands_is_for_the_server_to_judge(
    arrives: Arrives, site: str
) -> None:
    ann = arrives(site).opens("/#opaque")
    field = ann.page.get_by_label("Your token")
    field.fill("unknown")
    ann.page.get_by_role("button", name="Sign in").click()
    ann.reads("does not accept this token")
    field.fill("opaque/+~=")
    ann.page.get_by_role("button", name="Sign in").click()
    ann.is_in("opaque").says("Opaque.").sees("Opaque.")
    ann.leaves(but=[401])


def test_a_guest_stays_the_same_beyond_the_end_of_the_first_token(arrives: Arrives, tmp_path: Path) -> None:
    with serving(tmp_path, *SETTINGS, "--set", "guest.lifetime=4") as (server, address):
        alice = arrives(address).joins("Alice").says("One.").sees("One.")
        first = alice.evaluates("JSON.parse(localStorage['tornchat.session:/']).token")
        alice.composer.fill("A draft")
        server.logs("4001", 1)
        alice.page.wait_for_function(
            "(first) => JSON.parse(localStorage['tornchat.session:/']).token !== first", arg=first
        )
        expect(alice.composer).to_have_value("A draft")
        alice.says("Two.").sees("One.", "Two.")
        expect(alice.page.locator(".sender")).to_have_text(["Alice"])  # one and the same
        expect(alice.page.locator(".person-name")).to_have_text(["Alice"])
        alice.leaves()


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
