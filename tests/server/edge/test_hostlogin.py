"""The login of the host's application, `ChatApp(identify=)`: no plugin needs to authenticate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.web import RequestHandler

from tests.hosting import hosting, settings
from tests.test_app import login_cookie
from tornchat import ChatApp, SettingsError, Unavailable, User


async def by_cookie(handler: RequestHandler) -> User | None:
    name = handler.get_signed_cookie("login")
    return User(f"id-{name.decode()}", name.decode()) if name else None


class Whoami(RequestHandler):
    """A route of the host."""

    def initialize(self, chat: ChatApp) -> None:
        self.chat = chat

    async def get(self) -> None:
        try:
            user = await self.chat.identify(self)
        except Unavailable:
            self.set_status(503)
            return
        self.write(user.id if user else "nobody")


def made(tmp_path: Path, identify: Callable[[Any], Any], *plugins: str) -> ChatApp:
    return ChatApp(settings(tmp_path, tornchat={"plugins": [*plugins, "peewee", "local"]}), identify=identify)


async def asked(address: str, path: str, name: str = "", **headers: str) -> tuple[int, str]:
    if name:
        headers["Cookie"] = f"login={login_cookie(name)}"
    answer = await AsyncHTTPClient().fetch(f"http://{address}{path}", headers=headers, raise_error=False)
    return answer.code, answer.body.decode()


@pytest.mark.gen_test
async def test_it_lets_in_to_rooms_calls_and_the_hosts_own_routes(tmp_path: Path) -> None:
    chat = made(tmp_path, by_cookie)
    rules = [*chat.routes("/talk"), ("/whoami", Whoami, {"chat": chat})]
    async with hosting(rules, chat) as host:
        cookie = f"login={login_cookie('ann')}"
        ann = await host.enter("/talk/ws/chat/tea/", Cookie=cookie)
        await ann.say("hello")
        assert await ann.hear_message() == "hello"
        assert json.loads((await asked(host.address, "/talk/api/me", "ann"))[1])["id"] == "id-ann"
        assert json.loads((await asked(host.address, "/talk/api/", "ann"))[1])["me"]["id"] == "id-ann"
        assert json.loads((await asked(host.address, "/talk/api/"))[1])["me"] is None
        assert await asked(host.address, "/whoami", "ann") == (200, "id-ann")
        assert await asked(host.address, "/whoami") == (200, "nobody")
        assert await asked(host.address, "/whoami", "ann", Origin="https://evil.example") == (200, "nobody")
        assert (await asked(host.address, "/talk/api/me"))[0] == 401
        stranger = await host.enter("/talk/ws/chat/tea/")
        assert await stranger.closed() == 4001


@pytest.mark.gen_test
async def test_plugins_are_asked_about_whom_it_does_not_know(tmp_path: Path) -> None:
    chat = made(tmp_path, by_cookie, "jwt")
    async with hosting(chat.routes(), chat) as host:
        bearer = f"Bearer {chat.issue_token(User('bot', 'bot'), 60)}"
        assert '"id":"bot"' in (await asked(host.address, "/api/me", Authorization=bearer))[1]
        assert '"id":"id-ann"' in (await asked(host.address, "/api/me", "ann"))[1]


def _raises(handler: RequestHandler) -> User | None:
    raise RuntimeError("the session store is away")


async def _hangs(handler: RequestHandler) -> User | None:
    await asyncio.Event().wait()
    return None


@pytest.mark.parametrize("identify", [_raises, _hangs, lambda handler: "ann", lambda handler: User("", "")])
@pytest.mark.gen_test(timeout=20)
async def test_it_fails_closed(
    tmp_path: Path, identify: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tornchat.server.edge.hostlogin.DEADLINE", 0.2)
    chat = made(tmp_path, identify)
    rules = [*chat.routes("/talk"), ("/whoami", Whoami, {"chat": chat})]
    async with hosting(rules, chat) as host:
        ann = await host.enter("/talk/ws/chat/tea/")
        assert await ann.closed() == 1013
        assert (await asked(host.address, "/talk/api/me"))[0] == 503
        assert (await asked(host.address, "/whoami"))[0] == 503
    assert "identify of ChatApp failed" in caplog.text


@pytest.mark.gen_test
async def test_without_it_somebody_must_authenticate_and_sign(tmp_path: Path) -> None:
    only = settings(tmp_path, tornchat={"plugins": ["peewee", "local"]})
    with pytest.raises(SettingsError, match="authenticate"):
        ChatApp(only)
    with pytest.raises(SettingsError):
        ChatApp(only, identify=by_cookie).issue_token(User("ann", "ann"))
