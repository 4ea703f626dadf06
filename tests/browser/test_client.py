"""The page's client against servers that are strict, go away politely, or know no such room."""

from __future__ import annotations

import signal
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.browser.test_reconnecting import REFUSED, again
from tests.cli.process import serving


def test_what_comes_too_fast_is_sent_later_once_and_in_order(arrives: Arrives, tmp_path: Path) -> None:
    strict = (*SETTINGS, "--set", "limits.messages_per_second=10", "--set", "limits.burst=2")
    with serving(tmp_path, *strict) as (_, address):
        alice = arrives(address).joins("Alice")
        alice.says("1", "2", "3", "4", "5").sees("1", "2", "3", "4", "5")
        expect(alice.page.locator(".message")).to_have_count(5)
        alice.leaves()


def test_what_is_too_big_for_a_frame_is_refused_and_does_not_break_the_line_for_ever(
    arrives: Arrives, address: str
) -> None:
    alice = arrives().knows_no_limits().joins("Alice", "big").says("x" * 70_000)
    alice.reads("Not sent.", "The message is too long.")
    alice.page.get_by_role("button", name="Discard").click()
    alice.says("Shorter.").sees("Shorter.")


def test_a_server_that_goes_away_is_left_alone_for_as_long_as_it_asks(
    arrives: Arrives, tmp_path: Path
) -> None:
    with serving(tmp_path, *SETTINGS) as (server, address):
        alice = arrives(address).joins("Alice").says("Before.").sees("Before.")
        server.process.send_signal(signal.SIGTERM)
        expect(alice.banner).to_have_attribute("data-state", "waiting")
        assert server.ends() == 0
        alice.says("Between.")
    with again(tmp_path, address):
        alice.tries_again().sees("Before.", "Between.")
        alice.leaves(but=REFUSED)


def test_a_room_that_is_not_there_says_so(arrives: Arrives, tmp_path: Path) -> None:
    with serving(tmp_path, *SETTINGS, "--set", "rooms.auto_create=no") as (_, address):
        alice = arrives(address).opens("/#nowhere")
        alice.page.get_by_label("Your name").fill("Alice")
        alice.page.keyboard.press("Enter")
        alice.reads("There is no room nowhere, or it is not open to you.")
        alice.pictures("no-room")
        alice.leaves(but=[404])
