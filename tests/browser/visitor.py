"""Somebody at a browser: what they do on the chat page, and what they see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Route, expect

PICTURES = Path(__file__).parent / "pictures"
"""Where pictures of the pages are left, to be looked at; git ignores it."""

TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("violated", event.violatedDirective, event.blockedURI));
"""


class Visitor:
    """One tab. `faults` gathers what the console says is wrong, refused scripts included."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.add_init_script(TELL_VIOLATIONS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    # --- what they do ---------------------------------------------------------------------------------------

    def opens_a_tab(self, path: str = "/") -> Visitor:
        """Another tab of the same browser."""
        return Visitor(self.context, self.address).opens(path)

    def opens(self, path: str = "/") -> Visitor:
        self.page.goto(f"http://{self.address}{path}")
        return self

    def joins(self, name: str, room: str = "general", path: str = "/") -> Visitor:
        """Choose a name, and be in the room."""
        self.opens(f"{path}#{room}").page.get_by_label("Your name").fill(name)
        self.page.keyboard.press("Enter")
        return self.is_in(room)

    def knows_no_limits(self) -> Visitor:
        """The page learns of a limit only when the server refuses something."""

        def told(route: Route) -> None:
            about = route.fetch()
            route.fulfill(response=about, json={**about.json(), "limits": {"message_chars": 0}})

        self.page.route(re.compile("/api/$"), told)
        return self

    def says(self, *texts: str) -> Visitor:
        for text in texts:
            self.composer.fill(text)
            self.composer.press("Enter")
        return self

    def tries_again(self) -> Visitor:
        """Don't wait for the next attempt, as when the device finds its network again."""
        self.evaluates("dispatchEvent(new Event('online'))")
        return self

    def opens_room(self, name: str) -> Visitor:
        self.page.get_by_role("navigation", name="Rooms").get_by_role("link", name=name).click()
        return self.is_in(name)

    def acts(self, text: str, action: str) -> Visitor:
        """Choose an action from the menu of a message."""
        message = self.page.locator(".message[data-seq]").filter(has_text=text).first
        message.hover()
        message.get_by_role("button", name="More actions").click()
        self.page.get_by_role("dialog", name="Actions for this message").get_by_role(
            "button", name=action
        ).click()
        return self

    def pictures(self, name: str) -> Visitor:
        """Leave a picture of the page as it is when nothing moves."""
        self.evaluates("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        return self

    # --- what they see --------------------------------------------------------------------------------------

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message to")

    @property
    def banner(self) -> Locator:
        return self.page.locator(".banner")

    @property
    def texts(self) -> Locator:
        """The messages that are stored, oldest first."""
        return self.page.locator(".message[data-seq] .text")

    def is_in(self, room: str = "general") -> Visitor:
        expect(self.page.get_by_role("heading", name=room, exact=True)).to_be_visible()
        expect(self.page.get_by_text("Entering")).to_have_count(0)
        return self

    def sees(self, *texts: str) -> Visitor:
        """Just these messages, each once and in this order."""
        expect(self.texts).to_have_text(list(texts))
        return self

    def sees_last(self, text: str) -> Visitor:
        expect(self.texts.last).to_have_text(text)
        return self

    def reads(self, *words: str) -> Visitor:
        """These words stand somewhere on the page."""
        for some in words:
            expect(self.page.get_by_text(some).first).to_be_visible()
        return self

    def evaluates(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)

    def leaves(self, but: Sequence[str | int] = ()) -> None:
        """Close the tab. Nothing may have been wrong, but what has one of these names or HTTP statuses."""
        self.evaluates("localStorage.clear()")  # the next one here is somebody else
        self.context.clear_cookies()
        self.page.close()
        known = [re.compile(rf"\b{re.escape(str(one))}") for one in but]
        faults = [fault for fault in self.faults if not any(one.search(fault) for one in known)]
        assert not faults, faults
