"""/swagger/ in a real browser: it shows the document, signs in, and makes a call."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
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
