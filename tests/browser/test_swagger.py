"""/swagger/ in a real browser: it shows the document, signs in, and makes a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.test_accessibility import AXE
from tests.browser.test_door import KEPT, token
from tests.cli.process import serving
from tornchat.server.http.api.table import ENDPOINTS


def test_one_signs_in_and_tries_a_call_and_nothing_comes_from_elsewhere(
    arrives: Arrives, tmp_path: Path
) -> None:
    with serving(tmp_path) as (_, address):
        ann = arrives(address)
        asked: list[str] = []
        ann.page.on("request", lambda request: asked.append(request.url))
        page = ann.opens("/swagger/").page
        expect(page.locator(".opblock").nth(len(ENDPOINTS) - 1)).to_be_visible()
        ann.pictures("swagger")
        page.locator("button.authorize").first.click()
        page.locator(".auth-container input").fill(token(tmp_path, "ann", "--role", "admin"))
        page.locator(".auth-btn-wrapper button.authorize").click()
        page.locator(".auth-btn-wrapper button.btn-done").click()
        call = page.locator("#operations-identity-me")
        call.locator(".opblock-summary-control").click()
        call.locator(".try-out__btn").click()
        call.locator(".execute").click()
        answer = call.locator(".live-responses-table")
        expect(answer).to_contain_text('"username": "ann"')
        expect(answer).to_contain_text('"admin"')
        assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {address}
        assert "eyJ" not in page.evaluate(KEPT), "the token is kept somewhere"
        ann.leaves()


EVERY_FAULT = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .map(({ id, nodes }) => [id, ...nodes.map(({ html, any }) => [html.slice(0, 160), any[0]?.message])])"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(arrives: Arrives, address: str, scheme: str) -> None:
    """At first, with a call open, while it is tried out, and at the login."""
    ann = arrives(color_scheme=scheme).opens("/swagger/")
    page = ann.page
    expect(page.locator(".opblock").nth(len(ENDPOINTS) - 1)).to_be_visible()
    ann.evaluates(AXE)
    assert ann.evaluates(EVERY_FAULT) == []
    call = page.locator("#operations-messages-post_message")
    call.locator(".opblock-summary-control").click()
    expect(call.locator(".try-out__btn")).to_be_visible()
    assert ann.evaluates(EVERY_FAULT) == []
    call.locator(".try-out__btn").click()
    expect(call.locator(".body-param__text")).to_be_visible()
    ann.pictures(f"swagger-{scheme}")
    assert ann.evaluates(EVERY_FAULT) == []
    page.locator("button.authorize").first.click()
    expect(page.locator(".auth-container input")).to_be_visible()
    assert ann.evaluates(EVERY_FAULT) == []
