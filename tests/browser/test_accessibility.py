"""axe finds nothing serious: in light and dark, wide and narrow, at the door and inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Arrives
from tests.browser.test_reconnecting import say
from tests.browser.visitor import Visitor

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text(encoding="utf-8")
FAULTS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, nodes }) => [id, ...nodes.map(({ html, any }) => [html.slice(0, 160), any[0]?.message])])"""


def check(visitor: Visitor, picture: str) -> None:
    """Look at the page as it is now. The picture waits for animations: what fades in has little contrast."""
    visitor.pictures(picture)
    assert visitor.evaluates(FAULTS) == []
    assert visitor.evaluates("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


def talk(address: str, room: str) -> None:
    """Something to see."""
    say(address, "Ada", ["Good morning!", "The notes are at https://example.org/notes."], room)
    say(address, "Grace Hopper", ["Thanks.\nI read them now.", "שלום", "averylongword" * 20], room)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("size", "viewport"), [("wide", DESKTOP), ("phone", PHONE)])
def test_nothing_serious(
    arrives: Arrives, address: str, scheme: str, size: str, viewport: dict[str, int]
) -> None:
    room = f"{size}-{scheme}"
    visitor = arrives(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    visitor.knows_no_limits().opens(f"/#{room}")
    visitor.evaluates(AXE)
    expect(visitor.page.get_by_label("Your name")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    check(visitor, f"door-{room}")
    visitor.page.keyboard.type("Linus")
    visitor.page.keyboard.press("Enter")
    visitor.is_in(room).reads("It is quiet here")
    check(visitor, f"empty-{room}")
    talk(address, room)
    visitor.sees_last("averylongword" * 20).says("My own words.")
    check(visitor, f"talk-{room}")
    visitor.says("x" * 12_001).reads("Not sent.")
    check(visitor, f"refused-{room}")
    if size == "phone":
        visitor.page.get_by_role("button", name="Rooms").click()
        check(visitor, f"rooms-{room}")
        visitor.page.keyboard.press("Escape")
        expect(visitor.page.get_by_role("dialog")).to_have_count(0)
        visitor.page.get_by_title("Who is here").click()
        check(visitor, f"people-{room}")
    else:
        visitor.page.get_by_role("button", name="Create a room").click()
        check(visitor, f"create-{room}")
