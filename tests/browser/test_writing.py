"""Writing at the page: Markdown, keys for it, suggestions, and that hostile text stays text."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.test_accessibility import AXE, check
from tests.browser.test_talking import HOSTILE

MARKDOWN = """Some **bold** and *slanted* and ~~gone~~ words with `code`.
> A quote
- one
- two
```js
let answer = 42; // **not bold**
```"""
ALLOWED = {"a", "blockquote", "button", "code", "del", "div", "em", "li", "p", "path", "pre", "span"}
ALLOWED |= {"strong", "svg", "ul"}
AROUND = (
    "**{}**",
    "*{}*",
    "~~{}~~",
    "||{}||",
    "`{}`",
    "> {}",
    "- {}",
    "[{}](https://example.org)",
    "```\n{}\n```",
)


def test_markdown_is_shown_as_it_is_meant(arrives: Arrives) -> None:
    alice = arrives(permissions=["clipboard-read", "clipboard-write"]).joins("Alice", "markdown")
    alice.composer.fill(MARKDOWN)
    alice.composer.press("Enter")
    text = alice.page.locator(".message[data-seq] .text")
    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("em")).to_have_text("slanted")
    expect(text.locator("del")).to_have_text("gone")
    expect(text.locator("p code")).to_have_text("code")
    expect(text.locator("blockquote")).to_have_text("A quote")
    expect(text.locator("li")).to_have_text(["one", "two"])
    expect(text.locator("pre")).to_have_text("let answer = 42; // **not bold**")
    alice.evaluates(AXE)
    check(alice, "markdown")
    text.locator(".fence").hover()
    alice.page.get_by_role("button", name="Copy the code").click()
    alice.reads("Copied.")
    assert alice.evaluates("navigator.clipboard.readText()") == "let answer = 42; // **not bold**"
    alice.composer.press("ArrowUp")
    expect(alice.composer).to_have_value(MARKDOWN)


def test_a_spoiler_is_hidden_until_it_is_wanted(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "spoiler").says("The butler is ||innocent||.")
    spoiler = alice.page.get_by_role("button", name="Hidden text")
    expect(spoiler).to_be_visible()
    spoiler.click()
    expect(spoiler).to_have_count(0)
    alice.sees("The butler is innocent.")


def test_hostile_text_within_markup_is_text(arrives: Arrives) -> None:
    eve = arrives().joins("Eve", "marked-up")
    texts = [around.format(one.replace("\n", " ")) for one in HOSTILE[:6] for around in AROUND]
    eve.says(*texts)
    expect(eve.texts).to_have_count(len(texts))
    tags = "[...new Set([...document.querySelectorAll('.text *')].map((one) => one.localName))].sort()"
    assert set(eve.evaluates(tags)) <= ALLOWED
    hrefs = "[...document.querySelectorAll('.text a')].map((one) => one.protocol)"
    assert set(eve.evaluates(hrefs)) <= {"http:", "https:"}
    assert "caught" not in eve.page.title()
    assert eve.evaluates("document.documentElement.scrollWidth <= innerWidth")


def test_keys_put_markup_around_what_is_selected(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "keys-of-markup")
    alice.composer.fill("one two")
    alice.composer.press("Home")
    for _ in range(3):
        alice.composer.press("Shift+ArrowRight")
    alice.composer.press("Control+b")
    expect(alice.composer).to_have_value("**one** two")
    alice.composer.press("Control+b")
    expect(alice.composer).to_have_value("one two")
    alice.composer.press("Control+i")
    expect(alice.composer).to_have_value("*one* two")
    alice.composer.press("Control+z")
    expect(alice.composer).to_have_value("one two")
    alice.composer.press("End")
    alice.composer.press("Control+e")
    alice.page.keyboard.type("x")
    expect(alice.composer).to_have_value("one two`x`")


def test_people_rooms_and_emoji_are_suggested(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "suggested").says("Hello.")
    bob = arrives().joins("Bob Smith", "suggested").sees("Hello.")
    expect(bob.page.locator(".person-name").first).to_be_visible()
    keys = bob.page.keyboard
    bob.composer.focus()
    keys.type("Hi @al")
    expect(bob.page.get_by_role("option")).to_have_text(["@ Alice"])
    keys.press("Enter")
    expect(bob.composer).to_have_value("Hi @Alice ")
    keys.type(":rock")
    keys.press("Tab")
    expect(bob.composer).to_have_value("Hi @Alice 🚀 ")
    keys.type("#sugg")
    expect(bob.page.get_by_role("option").first).to_contain_text("suggested")
    bob.evaluates(AXE)
    check(bob, "listbox")
    keys.press("Escape")
    expect(bob.page.get_by_role("listbox")).to_have_count(0)
    keys.press("Enter")
    last = alice.page.locator(".message").last
    expect(last.locator(".mention")).to_have_text("@Alice")
    expect(last).to_have_class(re.compile("to-me"))
    expect(bob.page.locator(".message.to-me")).to_have_count(0)
