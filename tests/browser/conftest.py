"""One browser for all, one server for the tests of a file; a visitor is a tab in a profile of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.chromium import chromium
from tests.browser.visitor import Visitor
from tests.cli.process import serving

SETTINGS = (
    *("--set", "guest.per_minute=0", "--set", "limits.message_chars=12000"),
    *("--set", "limits.messages_per_second=0", "--set", "limits.bytes_per_second=0"),
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


expect.set_options(timeout=20_000)  # there may be other tests beside these


@pytest.fixture(scope="module", autouse=True)
def servers_without_coverage() -> Iterator[None]:
    """Exclude the servers from coverage: the browser waits for them, and other tests cover their code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_START", raising=False)
        yield


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with the folder, not with the session: playwright keeps an event loop in this thread meanwhile."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as a first try has it: guests are let in."""
    with serving(tmp_path_factory.mktemp("chat"), *SETTINGS) as (_, found):
        yield found


Contexts: TypeAlias = dict[str, BrowserContext]


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Iterator[Contexts]:
    """Profiles by their options and a number: a login belongs to a profile, and so no two visitors share one.

    Tests do, so that only the first one loads the page's files.
    """
    found: Contexts = {}
    yield found
    for context in found.values():
        context.close()


class Arrives(Protocol):
    def __call__(self, address: str = "", **options: Any) -> Visitor: ...


@pytest.fixture
def arrives(browser: Browser, contexts: Contexts, request: pytest.FixtureRequest) -> Iterator[Arrives]:
    """Makes visitors. At the end each console is looked at; a test that expects faults has looked itself."""
    visitors: list[Visitor] = []

    def arrive(address: str = "", **options: Any) -> Visitor:
        options = {"viewport": DESKTOP, "locale": "en-GB", **options}
        profile = f"{options} {len(visitors)}"
        if profile not in contexts:
            contexts[profile] = browser.new_context(**options)
        visitor = Visitor(contexts[profile], address or request.getfixturevalue("address"))
        visitors.append(visitor)
        return visitor

    yield arrive
    for visitor in visitors:
        if not visitor.page.is_closed():
            visitor.leaves()
