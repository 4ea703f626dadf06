"""The page in German, as the browser asks for it, and in English for everybody else."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.test_accessibility import AXE, check


def test_a_german_browser_gets_a_german_page(arrives: Arrives) -> None:
    anna = arrives(locale="de-AT").opens("/#deutsch")
    anna.page.get_by_label("Dein Name").fill("Anna")
    anna.page.keyboard.press("Enter")
    anna.reads("Hier ist es still")
    assert anna.evaluates("document.documentElement.lang") == "de"
    field = anna.page.get_by_role("textbox", name="Nachricht an deutsch")
    field.fill("Grüß Gott!")
    field.press("Enter")
    expect(anna.texts).to_have_text(["Grüß Gott!"])
    expect(anna.page.locator(".rule.day")).to_have_text(["Heute"])
    anna.page.locator(".message").first.hover()
    expect(anna.page.get_by_role("button", name="Diese Nachricht bearbeiten")).to_be_visible()
    anna.evaluates(AXE)
    check(anna, "german")


def test_another_language_gets_english(arrives: Arrives) -> None:
    arrives(locale="fr-FR").joins("Amélie", "anglais").reads("It is quiet here")
