"""Who may read the metrics: this machine by default, and never somebody behind a proxy without the token."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat import SettingsError
from tornchat.config.settings import load
from tornchat.testing import running_chat

TOKEN = "a-token-for-prometheus"


@pytest.mark.gen_test
async def test_this_machine_may_and_whoever_a_proxy_stands_before_may_not():
    async with running_chat() as chat:
        assert (await ask(chat, "GET", "/metrics")).status == 200
        for name, value in {
            "X-Forwarded-For": "127.0.0.1",
            "X-Real-IP": "127.0.0.1",
            "Forwarded": "for=127.0.0.1",
            "Via": "1.1 proxy",
            "Host": "chat.example.org",
            "Origin": "https://evil.example",
        }.items():
            refused = await ask(chat, "GET", "/metrics", headers={name: value})
            assert (refused.status, b"tornchat_" in refused.body) == (403, False), name


@pytest.mark.gen_test
async def test_a_token_opens_it_from_anywhere():
    async with running_chat({"metrics": {"token": TOKEN, "allow": ()}}) as chat:
        proxied = {"X-Forwarded-For": "203.0.113.7"}
        for given in ("", "Bearer ", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff"):
            refused = await ask(chat, "GET", "/metrics", headers={**proxied, "Authorization": given})
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer"), given
        told = await ask(chat, "GET", "/metrics", headers={**proxied, "Authorization": f"Bearer {TOKEN}"})
        assert told.status == 200
        assert told.headers["Cache-Control"] == "no-store"


@pytest.mark.gen_test
async def test_openmetrics_is_spoken_to_who_asks_for_it():
    async with running_chat() as chat:
        told = await ask(chat, "GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
        assert told.headers["Content-Type"].startswith("application/openmetrics-text")
        assert told.body.endswith(b"# EOF\n")


@pytest.mark.gen_test
async def test_it_can_be_left_out():
    async with running_chat({"metrics": {"enabled": False}}) as chat:
        assert (await ask(chat, "GET", "/metrics")).status == 404


@pytest.mark.parametrize("given", [{"allow": "10.0.0.0/40"}, {"allow": "localhost"}, {"token": "short"}])
def test_what_would_open_it_to_nobody_or_to_all_is_refused_at_the_start(given):
    with pytest.raises(SettingsError, match="metrics"):
        load(settings={"metrics": given})
