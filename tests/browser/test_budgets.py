"""What the page may cost, in Chromium. Each figure is printed: `pytest -s tests/browser/test_budgets.py`."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import CDPSession, Route, WebSocketRoute, expect

from tests.browser.conftest import Arrives
from tests.browser.test_reconnecting import say
from tests.browser.visitor import Visitor

DOOR_BYTES, DOOR_REQUESTS = 60_000, 25
ENTERING_MS = 300
MESSAGE_MS, ROOMS, PEOPLE = 4, 500, 300
KEY_MS = 16
MANY, SLICE = 20_000, 1_000
NODES, HEAP_BYTES = 5_000, 40_000_000
AT_ONCE = 200
KEYS = """async (text) => {
  const area = document.activeElement, took = [];
  for (const sign of text) {
    const start = performance.now();
    area.setRangeText(sign, area.value.length, area.value.length, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await new Promise((resolve) => setTimeout(resolve));
    document.body.getBoundingClientRect();
    took.push(performance.now() - start);
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)];
}"""
"""Types a text; gives the 95th percentile of the milliseconds until a sign is drawn."""


def told(what: str, found: float, most: float, unit: str) -> None:
    """Print a figure, and hold it to its budget."""
    print(f"\n{what}: {found:,.1f} {unit} of {most:,}", end="")
    assert found <= most, f"{what}: {found} {unit}, but at most {most}"


def measuring(visitor: Visitor) -> CDPSession:
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def metric(session: CDPSession, name: str) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == name))


ENTERS = """() => new Promise((resolve) => {
  const start = performance.now();
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".message .text")) return;
    observer.disconnect();
    resolve(performance.now() - start);
  }).observe(document.body, { childList: true, subtree: true });
  document.querySelector("form").requestSubmit();
})"""
"""Submits the name; gives the milliseconds until the first message is there."""
TRIES = 5


def test_the_door_is_light(arrives: Arrives, address: str) -> None:
    alice = arrives(extra_http_headers={"x-visitor": "light"})  # a profile of its own, with an empty cache
    network = alice.context.new_cdp_session(alice.page)
    network.send("Network.enable")
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    alice.opens("/#light").page.wait_for_load_state("networkidle")
    told("The door", sum(sizes), DOOR_BYTES, "bytes")
    told("The door", len(sizes), DOOR_REQUESTS, "requests")


def test_the_way_in_is_short(arrives: Arrives, address: str) -> None:
    """The best of some tries: there may be other tests beside this one."""
    say(address, "Ada", ["Hello."], "short")
    took = []
    for number in range(TRIES):
        alice = arrives().opens("/#short")
        alice.page.get_by_label("Your name").fill(f"Alice {number}")
        alice.page.wait_for_load_state("networkidle")
        took.append(alice.evaluates(ENTERS))
        alice.leaves()
    told("From the name to the first room", min(took), ENTERING_MS, "ms")


def crowd(visitor: Visitor) -> None:
    """Let the server tell of many rooms and people."""
    rooms = [{"name": f"room-{n}", "private": False, "epoch": "e", "seq": 0} for n in range(ROOMS)]

    def listed(route: Route) -> None:
        route.fulfill(json={"rooms": rooms, "next": None})

    def crowded(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def more(frame: str | bytes) -> None:
            event = json.loads(frame)
            if event.get("type") == "room_users_list":
                event["users"] += [{"id": f"u{n}", "username": f"Person {n}"} for n in range(PEOPLE)]
                frame = json.dumps(event)
            page.send(frame)

        server.on_message(more)

    visitor.page.route(re.compile(r"/api/rooms\?"), listed)
    visitor.page.route_web_socket(re.compile("/ws/chat/"), crowded)


def test_a_message_costs_little_with_many_rooms_and_people(arrives: Arrives, address: str) -> None:
    alice = arrives()
    crowd(alice)
    alice.joins("Alice", "crowded")
    expect(alice.page.locator(".person-name")).to_have_count(PEOPLE + 1)
    session = measuring(alice)
    say(address, "Ada", ["Warm."] * 20, "crowded")
    expect(alice.texts).to_have_count(20)
    before = metric(session, "ScriptDuration")
    for number in range(AT_ONCE // 10):
        say(address, f"Bob {number}", [f"Message {number}."] * 10, "crowded")
    expect(alice.texts).to_have_count(20 + AT_ONCE)
    script = (metric(session, "ScriptDuration") - before) * 1000 / AT_ONCE
    told(f"A message, with {ROOMS} rooms and {PEOPLE} people", script, MESSAGE_MS, "ms of script")


@pytest.fixture(scope="module")
def busy(address: str) -> str:
    """A room with some messages."""
    say(address, "Ada", [f"Line {n}." for n in range(100)], "busy")
    return "busy"


@pytest.mark.alone
@pytest.mark.parametrize("above", [False, True], ids=["at the end", "above"])
def test_many_messages_leave_the_page_small(arrives: Arrives, address: str, busy: str, above: bool) -> None:
    alice = arrives().joins("Alice", busy)
    expect(alice.texts.last).to_be_in_viewport()
    if above:
        alice.evaluates("document.querySelector('.scroller').scrollTop = 500")
        alice.reads("To the newest")
    for number in range(MANY // SLICE):
        say(address, f"Bob {number}", [f"More {number} {n}." for n in range(SLICE)], busy)
    say(address, "Carol", ["The last."], busy)
    alice.reads("new messages" if above else "The last.")
    session = measuring(alice)
    session.send("HeapProfiler.collectGarbage")
    where = "above" if above else "at the end"
    told(
        f"After {MANY:,} messages, {where}",
        alice.evaluates("document.querySelectorAll('*').length"),
        NODES,
        "elements",
    )
    told(f"After {MANY:,} messages, {where}", metric(session, "JSHeapUsedSize"), HEAP_BYTES, "bytes of heap")
    alice.composer.focus()
    told(f"A key, {where}", alice.evaluates(KEYS, "The quick brown fox jumps. " * 4), KEY_MS, "ms (95 %)")


def test_the_end_stays_in_sight_while_many_speak(arrives: Arrives, address: str) -> None:
    alice = arrives().joins("Alice", "flowing")
    say(address, "Ada", [f"Line {n}." for n in range(60)], "flowing")
    alice.sees_last("Line 59.")
    alice.evaluates("""() => {
      const box = document.querySelector(".scroller");
      window.jumps = [];
      const look = () => {
        const rest = box.scrollHeight - box.clientHeight - box.scrollTop;
        if (rest > 1) window.jumps.push(rest);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }""")
    for number in range(5):
        say(address, f"Bob {number}", [f"More {number} {n}." for n in range(50)], "flowing")
    alice.sees_last("More 4 49.")
    told("Frames without the end in sight", len(alice.evaluates("window.jumps")), 0, "frames")
