"""In a host that checks requests for forgeries: bearer calls need nothing more, cookie calls are safe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError

from tests.hosting import SECRET, settings
from tests.server.http.web import ask
from tests.test_app import CookieAuth, login_cookie
from tornchat import ChatApp
from tornchat.server.http.api import handler
from tornchat.testing import RunningChat

HOSTS = [{"xsrf_cookies": True}, {"cross_origin_protection": True}]
ROOM = {"name": "tea"}


@asynccontextmanager
async def host_with(tmp_path: Path, **given: object) -> AsyncIterator[RunningChat]:
    """A chat with the host's login and tokens, in an application with these settings."""
    core = {"plugins": "cookie, jwt, peewee, local"}
    own = settings(
        tmp_path,
        tornchat=core,
        cookie={"secret": SECRET},
        guest={"enabled": "yes"},
        server={"allowed_origins": "https://friend.example", "drain_seconds": 1},
    )
    chat = ChatApp(own, plugins={"cookie": CookieAuth})
    [listener] = bind_sockets(0, "127.0.0.1")
    await chat.start()
    server = HTTPServer(Application(chat.routes(), cookie_secret=SECRET, **given))
    server.add_socket(listener)
    try:
        yield RunningChat(chat, listener.getsockname()[1])
    finally:
        server.stop()
        await chat.close()
        await server.close_all_connections()


@pytest.mark.gen_test
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: next(iter(host)))
async def test_bearer_calls_need_no_token_of_the_host(host: dict[str, object], tmp_path: Path) -> None:
    async with host_with(tmp_path, **host) as chat:
        made = await ask(chat, "POST", "/api/rooms", "ann", ROOM)
        assert made.status == 201
        said = await ask(chat, "POST", "/api/rooms/tea/messages", "ann", {"message": "hello"})
        assert said.status == 201
        from_page = {"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}
        said = await ask(chat, "POST", "/api/rooms/tea/messages", "ann", {"message": "2"}, headers=from_page)
        assert said.status == 201
        assert (await ask(chat, "POST", "/api/guest", body={"username": "Zoe"})).status == 201
        assert (await ask(chat, "DELETE", "/api/rooms/tea", "ann")).status == 204
        assert (await ask(chat, "POST", "/healthz")).status == 405


@pytest.mark.gen_test
@pytest.mark.parametrize("host", [*HOSTS, {}], ids=lambda host: next(iter(host), "neither"))
async def test_cookie_calls_are_protected_by_their_origin(host: dict[str, object], tmp_path: Path) -> None:
    async with host_with(tmp_path, **host) as chat:
        cookie = {"Cookie": f"login={login_cookie('ann')}"}
        for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.example:{chat.port}"):
            for method, path in (("POST", "/api/rooms"), ("PUT", "/api/rooms/tea/bans/bob")):
                forged = await ask(chat, method, path, body=ROOM, headers={**cookie, "Origin": origin})
                assert (forged.status, forged.code) == (403, "forbidden"), origin
        own = {**cookie, "Origin": f"http://127.0.0.1:{chat.port}"}
        assert (await ask(chat, "POST", "/api/rooms", body=ROOM, headers=own)).status == 201
        friend = {**cookie, "Origin": "https://friend.example"}
        assert (await ask(chat, "POST", "/api/rooms", body={"name": "milk"}, headers=friend)).status == 201
        assert (await ask(chat, "GET", "/api/rooms/tea", headers=cookie)).status == 200


@pytest.mark.gen_test
@pytest.mark.parametrize("scheme", [None, "Basic YTpi"])
async def test_a_cookie_without_an_origin_needs_the_hosts_token(scheme: str | None, tmp_path: Path) -> None:
    """A browser may add the scheme Basic by itself, so that it protects nothing."""
    async with host_with(tmp_path, xsrf_cookies=True) as chat:
        headers = {"Cookie": f"login={login_cookie('ann')}; _xsrf=1234"}
        if scheme:
            headers["Authorization"] = scheme
        alone = await ask(chat, "POST", "/api/rooms", body=ROOM, headers=headers)
        assert (alone.status, alone.code) == (403, "forbidden")
        assert "XSRF token" in alone.json["detail"]
        del headers["Cookie"]
        headers = {"Cookie": f"login={login_cookie('ann')}; _xsrf=1234", "X-XSRFToken": "1234"}
        assert (await ask(chat, "POST", "/api/rooms", body=ROOM, headers=headers)).status == 201


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "refused"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (409, "conflict"),
        (500, "internal_error"),
        (502, "internal_error"),
        (503, "unavailable"),
    ],
)
async def test_a_hosts_http_error_keeps_its_status(
    status: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from the host's `check_xsrf_cookie`, from a handler of its own above ours, or from a plugin."""

    def refuse(self: object) -> None:
        raise HTTPError(status, "a secret of the host")

    monkeypatch.setattr(handler.ApiHandler, "prepare", refuse)
    async with host_with(tmp_path) as chat:
        answer = await ask(chat, "POST", "/api/rooms", "ann", ROOM)
        assert (answer.status, answer.code) == (status, code)
        assert b"secret" not in answer.body
