"""What was said before, what was not read yet, and other rooms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from secrets import token_hex
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import Arrives
from tests.browser.test_reconnecting import say

LINES = [f"Line {number}." for number in range(1, 161)]
PLACE = """() => {
  const top = (row) => Math.round(row.getBoundingClientRect().top);
  const row = [...document.querySelectorAll('.message')].find((one) => top(one) > 100);
  return [row.dataset.seq, top(row)];
}"""
"""The first message that is in sight, and where."""
MOST_SHOWN = 550
TO_THE_BEGINNING = """() => {
  document.querySelector('.scroller').scrollTop = 0;
  return document.querySelector('.beginning') !== null;
}"""
WALK_DOWN = """async () => {
  const box = document.querySelector('.scroller'), seen = new Set();
  const rest = () => box.scrollHeight - box.clientHeight - box.scrollTop;
  const texts = () => document.querySelectorAll('.message[data-seq] .text');
  const look = () => texts().forEach((one) => seen.add(one.textContent));
  while (document.querySelector('.pill') || rest() > 1) {
    box.scrollTop += 300;
    look();
    await new Promise(requestAnimationFrame);
  }
  look();
  return [...seen];
}"""
"""Scrolls down to the newest message; gives the texts in the order in which they were seen."""


@pytest.fixture
def room() -> str:
    """A room in which nobody was before, also if the tests are repeated with one server."""
    return f"room-{token_hex(3)}"


@pytest.fixture
def told(address: str, room: str) -> str:
    """A server whose room has many messages."""
    say(address, "Scheherazade", LINES, room)
    return address


def test_older_messages_come_while_scrolling_up(arrives: Arrives, told: str, room: str) -> None:
    alice = arrives().joins("Alice", room).sees(*LINES[-50:])
    box = alice.page.get_by_role("region", name=f"Messages in {room}")
    for count in (100, 150, 160):
        alice.evaluates("document.querySelector('.scroller').scrollTop = 200")
        expect(alice.texts).to_have_count(count)
    alice.sees(*LINES)
    box.focus()
    alice.page.keyboard.press("Home")
    alice.reads(f"The beginning of {room}")


def test_what_comes_both_ways_is_shown_once(arrives: Arrives, address: str, room: str) -> None:
    """History comes by the socket, and older messages by HTTP; here HTTP overtakes."""
    say(address, "Ada", ["One.", "Two."], room)
    held: list[Callable[[], None]] = []

    def hold(page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        page.on_message(server.send)
        keep = lambda frame: held.append(lambda: page.send(frame))  # noqa: E731
        server.on_message(lambda frame: keep(frame) if '"One."' in frame or held else page.send(frame))

    alice = arrives()
    alice.page.route_web_socket(re.compile(f"/ws/chat/{room}/"), hold)
    alice.joins("Alice", room).page.get_by_role("button", name="Load older messages").click()
    alice.sees("One.", "Two.").says("Three.")
    expect(alice.page.locator(".message")).to_have_count(3)
    for release in held:
        release()
    held.clear()
    alice.sees("One.", "Two.", "Three.")


def test_what_is_read_stays_in_its_place_while_older_ones_are_put_above(
    arrives: Arrives, told: str, room: str
) -> None:
    alice = arrives().joins("Alice", room).sees(*LINES[-50:])
    alice.page.evaluate("document.querySelector('.scroller').scrollTop = 150")
    before = alice.evaluates(PLACE)
    expect(alice.texts).to_have_count(100)
    assert alice.evaluates(PLACE) == before


def test_who_reads_above_is_told_of_news(arrives: Arrives, told: str, room: str) -> None:
    alice = arrives().joins("Alice", room).sees(*LINES[-50:])
    alice.evaluates("document.querySelector('.scroller').scrollTop = 500")
    alice.reads("To the newest")
    say(told, "Bob", ["News.", "More news."], room)
    alice.reads("2 new messages")
    expect(alice.page).to_have_title(f"(2) {room} · tornchat")
    expect(alice.page.get_by_role("link", name=f"{room} , 2 unread")).to_be_visible()
    alice.pictures("unread")
    alice.page.get_by_role("button", name="2 new messages").click()
    expect(alice.page).to_have_title(f"{room} · tornchat")
    expect(alice.page.locator(".rule.new")).to_be_visible()
    alice.says("I have read it.")
    expect(alice.page.locator(".rule.new")).to_have_count(0)


def test_a_redraw_before_the_scroll_event_keeps_the_place(arrives: Arrives, address: str, room: str) -> None:
    """The event comes a frame after the move; here none comes at all, and news are drawn meanwhile."""
    say(address, "Ada", LINES, room)
    alice = arrives()
    alice.page.add_init_script(
        "addEventListener('scroll', (event) => event.stopImmediatePropagation(), true)"
    )
    alice.joins("Alice", room).sees(*LINES[-50:])
    alice.evaluates("document.querySelector('.scroller').scrollTop = 500")
    before = alice.evaluates(PLACE)
    say(address, "Carol", ["Heard while above."], room)
    alice.reads("1 new message")
    assert alice.evaluates(PLACE) == before


def test_what_is_found_is_shown_though_it_was_not_loaded(arrives: Arrives, address: str, room: str) -> None:
    say(address, "Ada", LINES, room)
    alice = arrives().joins("Alice", room).sees(*LINES[-50:])
    alice.page.get_by_role("button", name="Search in this room").click()
    field = alice.page.get_by_role("searchbox", name=f"Search in {room}")
    expect(field).to_be_focused()
    field.fill("12")
    field.press("Enter")
    alice.page.get_by_role("button", name="Line 12.").click()
    found = alice.page.locator(".message.found")
    expect(found.locator(".text")).to_have_text("Line 12.")
    expect(found).to_be_in_viewport()
    say(address, "Carol", ["Said while one looks."], room)
    alice.reads("1 new message")
    expect(found).to_be_in_viewport()


def test_what_is_found_far_back_is_shown_and_all_after_it_can_be_read(
    arrives: Arrives, address: str, room: str
) -> None:
    lines = [f"Line {number}." for number in range(1, 701)]
    say(address, "Ada", lines, room)
    alice = arrives().joins("Alice", room).sees(*lines[-50:])
    alice.page.get_by_role("button", name="Search in this room").click()
    alice.page.get_by_role("searchbox", name=f"Search in {room}").fill("77")
    alice.page.keyboard.press("Enter")
    alice.page.get_by_role("button", name="Line 77.").click()
    expect(alice.page.locator(".message.found")).to_be_in_viewport()
    assert alice.texts.count() <= 250  # those around it, not all from the newest to it
    say(address, "Bob", ["Heard meanwhile."], room)
    alice.reads("1 new message")
    expect(alice.page.locator(".message.found")).to_be_in_viewport()
    seen = alice.evaluates(WALK_DOWN)
    assert seen == [*lines[lines.index(seen[0]) :], "Heard meanwhile."]
    assert alice.texts.count() <= MOST_SHOWN
    say(address, "Bob", ["And live again."], room)
    alice.sees_last("And live again.")


def delete(address: str, token: str, room: str, places: Iterable[int]) -> None:
    """Delete messages. Each deletion is an entry of the log, with a position of its own."""
    for seq in places:
        url = f"http://{address}/api/rooms/{room}/messages/{seq}"
        urlopen(Request(url, method="DELETE", headers={"Authorization": f"Bearer {token}"})).close()


def test_a_deletion_between_what_was_found_and_the_newest_hides_no_message(
    arrives: Arrives, address: str, room: str
) -> None:
    lines = [f"Line {number}." for number in range(1, 401)]
    token = say(address, "Ada", lines[:100], room)
    delete(address, token, room, [5])
    say(address, "Bob", lines[100:], room)
    alice = arrives().joins("Alice", room).sees(*lines[-50:])
    alice.page.get_by_role("button", name="Search in this room").click()
    alice.page.get_by_role("searchbox", name=f"Search in {room}").fill("77")
    alice.page.keyboard.press("Enter")
    alice.page.get_by_role("button", name="Line 77.").click()
    expect(alice.page.locator(".message.found")).to_be_in_viewport()
    seen = alice.evaluates(WALK_DOWN)
    assert seen == lines[lines.index(seen[0]) :]


def test_many_deletions_are_not_the_beginning(arrives: Arrives, address: str, room: str) -> None:
    first, last = LINES[:60], LINES[60:120]
    token = say(address, "Ada", first, room)
    delete(address, token, room, range(2, 61))
    say(address, "Bob", last, room)
    alice = arrives().joins("Alice", room).sees(*last[-50:])
    alice.page.wait_for_function(TO_THE_BEGINNING)
    alice.reads(f"The beginning of {room}")
    expect(alice.page.locator(".message[data-seq]")).to_have_count(len(first) + len(last))
    expect(alice.texts.first).to_have_text(first[0])


def test_the_page_stays_small_while_somebody_reads_above(arrives: Arrives, address: str, room: str) -> None:
    say(address, "Ada", LINES, room)
    alice = arrives().joins("Alice", room).sees(*LINES[-50:])
    alice.evaluates("document.querySelector('.scroller').scrollTop = 500")
    alice.reads("To the newest")
    before = alice.evaluates(PLACE)
    say(address, "Bob", [f"More {number}." for number in range(1, 801)], room)
    say(address, "Bob", ["The last."], room)
    alice.reads("new messages")
    expect(alice.page.get_by_role("link", name=re.compile(f"^{room} , .* unread"))).to_be_visible()
    assert alice.evaluates(PLACE) == before
    assert alice.texts.count() <= MOST_SHOWN
    alice.page.get_by_role("button", name=re.compile("new messages")).click()
    alice.sees_last("The last.")
    expect(alice.texts.last).to_be_in_viewport()
    assert alice.texts.count() <= MOST_SHOWN


def test_rooms_are_made_left_and_entered_again(arrives: Arrives, address: str, room: str) -> None:
    garden = f"garden-{token_hex(3)}"
    alice = arrives().joins("Alice", room).says("Hello.")
    alice.page.get_by_role("button", name="Create a room").click()
    alice.page.get_by_label("Its name").fill("no such name")
    alice.page.get_by_role("button", name="Create", exact=True).click()
    expect(alice.page.get_by_role("alert")).to_be_visible()
    alice.page.get_by_label("Its name").fill(garden)
    alice.page.keyboard.press("Enter")
    alice.is_in(garden)
    expect(alice.composer).to_be_focused()
    say(address, "Bob", ["Where are you?"], room)
    alice.opens_room(room).sees("Hello.", "Where are you?")
    expect(alice.page.get_by_role("link", name=room)).to_have_attribute("aria-current", "page")
    alice.page.go_back()
    alice.is_in(garden)
    alice.leaves(but=[422])


def test_a_room_may_be_called_like_a_part_of_every_object(arrives: Arrives, address: str, room: str) -> None:
    alice = arrives().joins("Alice", "general")
    alice.composer.fill("A draft")
    alice.page.wait_for_function("() => JSON.stringify(localStorage).includes('A draft')")
    alice.evaluates("location.hash = 'constructor'")
    alice.is_in("constructor").says("Hello.").sees("Hello.")
