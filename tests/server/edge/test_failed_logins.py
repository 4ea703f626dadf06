"""Every route at which somebody logs in counts the failures, by the address that they come from."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient
from tornado.web import RequestHandler
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.stage import V1, Stage, open_stage
from tornchat import User, hookimpl
from tornchat.model import Credentials
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.table import ENDPOINTS

WRONG = {"Authorization": "Bearer e30.e30.forged"}
GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.who != "anybody"]


class Own:
    """A site's own login by a cookie, and a route that asks for it."""

    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        name = credentials.cookies.get("login")
        return User(name, name) if name == "ann" else None

    @hookimpl
    def http_routes(self, chat: Any) -> list[Any]:
        return [(r"/whole", Asks, {"chat": chat, "whole": True}), (r"/bare", Asks, {"chat": chat})]


class Asks(RequestHandler):
    def initialize(self, chat: Any, whole: bool = False) -> None:
        self.chat, self.whole = chat, whole

    async def get(self) -> None:
        user = await self.chat.identify(self if self.whole else self.request)
        self.write(user.id if user else "nobody")


def play(tmp_path: Path, act: Callable[[Stage], Any]) -> None:
    async def run() -> None:
        incoming = tmp_path / "incoming.toml"
        incoming.write_text('[ops]\nsecret = "' + "x" * 40 + '"\nroom = "ops"\nusername = "Ops"\n')
        given: dict[str, dict[str, object]] = {
            "tornchat": {"plugins": ["own", "jwt", "peewee", "local", "webhooks"]},
            "webhooks": {"incoming": str(incoming), "file": str(tmp_path / "none.toml")},
            "metrics": {"token": "t" * 32},
            "server": {"trusted_proxies": "127.0.0.0/8", "drain_seconds": 0.2, "allow_query_token": True},
        }
        async with open_stage(tmp_path, given, {"own": Own}) as stage:
            await act(stage)

    asyncio.run(run())


async def _ended(socket: ClientConnection) -> None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed:
        pass


class Visitor:
    """Comes from an address of its own each time, and is told how often it has failed at a login."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._numbers = count(1)

    async def fails(self, path: str, method: str = "GET", **headers: str) -> tuple[int, int]:
        """Make one request; return its status and the failures counted."""
        address = self._address()
        answer = await AsyncHTTPClient().fetch(
            f"http://127.0.0.1:{self._stage.port}{path}",
            method=method,
            headers={**headers, "X-Forwarded-For": address},
            body=b"{}" if method in ("POST", "PUT", "PATCH") else None,
            raise_error=False,
        )
        return answer.code, self._failures(address)

    async def fails_in_a_socket(self, path: str, *protocols: str, say: object = None, **headers: str) -> int:
        """Open a WebSocket, say something if it is to be said, wait for the answer; return the failures."""
        address = self._address()
        options: Any = {"subprotocols": protocols or None, "proxy": None}
        options["additional_headers"] = {**headers, "X-Forwarded-For": address}
        async with connect(f"ws://127.0.0.1:{self._stage.port}{path}", **options) as socket:
            if say is not None:
                await socket.send(json.dumps(say))
                while json.loads(await socket.recv()).get("code") != "unauthorized":
                    pass
            else:
                await _ended(socket)
        return self._failures(address)

    def _address(self) -> str:
        return f"198.51.100.{next(self._numbers)}"

    def _failures(self, address: str) -> int:
        return self._stage.app.edge.logins._windows.get(address, (0.0, 0))[1]


def test_a_wrong_token_at_every_call_of_the_api(tmp_path: Path) -> None:
    def path(endpoint: Endpoint) -> str:
        return re.sub(r"{\w+}", "1", endpoint.path)

    async def act(stage: Stage) -> None:
        visitor = Visitor(stage)
        for endpoint in GUARDED:
            told = await visitor.fails(path(endpoint), endpoint.method, **WRONG)
            assert told == (401, 1), (endpoint.method, endpoint.path)
            good = {"Authorization": f"Bearer {stage.token('bob')}"}
            status, failures = await visitor.fails(path(endpoint), endpoint.method, **good)
            assert failures == 0, (endpoint.method, endpoint.path, status)

    assert len(GUARDED) > 40
    play(tmp_path, act)


def test_a_wrong_token_of_a_socket(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        fails = Visitor(stage).fails_in_a_socket
        for path, protocols in (("/ws/chat/hall/", ()), ("/ws/chat/hall/", (V1,)), ("/ws/chat/", (V1,))):
            assert await fails(path, *protocols, **WRONG) == 1, (path, protocols)
            assert await fails(f"{path}?token=forged", *protocols) == 1, (path, protocols)
            assert await fails(path, V1, "bearer.forged") == 1, (path, protocols)
            assert await fails(path, *protocols, Cookie="login=eve") == 1, (path, protocols)
        good = {"Authorization": f"Bearer {stage.token('ann')}"}
        for path in ("/ws/chat/hall/", "/ws/chat/"):
            renewal = {"type": "auth", "id": "1", "token": "forged"}
            assert await fails(path, V1, say=renewal, **good) == 1, path

    play(tmp_path, act)


def test_a_wrong_cookie_where_the_server_tells_about_itself(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        fails = Visitor(stage).fails
        assert await fails("/api/", Cookie="login=eve") == (200, 1)
        assert await fails("/api/", Cookie="login=ann") == (200, 0)
        assert await fails("/api/", Cookie="theme=dark") == (200, 0), "a cookie that is no login"
        assert await fails("/api/") == (200, 0)
        bad = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{stage.port}/api/", headers=WRONG)
        good = {"Authorization": f"Bearer {stage.token('ann')}", "Cookie": "login=ann"}
        same = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{stage.port}/api/", headers=good)
        assert json.loads(bad.body) == json.loads(same.body), "a token is not looked at, so nothing is told"

    play(tmp_path, act)


def test_a_wrong_token_of_the_metrics(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        fails = Visitor(stage).fails
        for path, refused in (("/metrics", 401), ("/readyz", 200)):
            assert await fails(path, **WRONG) == (refused, 1), path
            assert await fails(path, Authorization="Basic eDp5") == (refused, 1), path
            assert await fails(path) == (refused, 0), path
            assert await fails(path, Authorization="Bearer " + "t" * 32) == (200, 0), path

    play(tmp_path, act)


def test_routes_of_plugins(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        fails = Visitor(stage).fails
        for path in ("/whole", "/bare"):
            assert await fails(path, **WRONG) == (200, 1), path
            assert await fails(path, Cookie="login=eve") == (200, 1), path
            for cookie in ("login=ann", "theme=dark", ""):
                assert await fails(path, Cookie=cookie) == (200, 0), (path, cookie)
        assert await fails("/api/incoming/" + "y" * 40, "POST") == (404, 1)
        assert await fails("/api/incoming/" + "x" * 40, "POST") == (400, 0)

    play(tmp_path, act)


def test_a_cookie_is_a_login_once_a_plugin_has_looked_at_it() -> None:
    given = SimpleCookie("login=ann; theme=dark")
    asked = Credentials("hall", "::1", cookies={name: morsel.value for name, morsel in given.items()})
    assert not asked.used
    assert asked.cookies.get("session") is None
    assert not asked.used
    assert "login" in asked.cookies
    assert asked.used
    assert Credentials("hall", "::1", "a token").used
