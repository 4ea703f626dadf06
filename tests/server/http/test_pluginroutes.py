"""The routes of plugins in an application that mounts the chat, and who calls them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.web import RequestHandler, stream_request_body

from tests.hosting import hosting, settings
from tests.stage import open_stage
from tests.test_app import login_cookie
from tornchat import ChatApp, User, hookimpl

PLUGINS = ["jwt", "peewee", "local", "greeting"]


class Greeting:
    """A plugin with routes of its own."""

    @hookimpl
    def http_routes(self, chat: Any) -> list[Any]:
        return [
            (r"/hello/(?P<name>\w+)", Hello, {"chat": chat}),
            (r"/upload", Upload),
            (r"/api/mine", Hello, {"chat": chat}),
        ]


class Hello(RequestHandler):
    def initialize(self, chat: Any) -> None:
        self.chat = chat

    async def get(self, name: str = "") -> None:
        user = await self.chat.identify(self)
        by_cookie = self.get_signed_cookie("login") if "cookie_secret" in self.settings else None
        self.write({"name": name, "who": user.id if user else None, "cookie": (by_cookie or b"").decode()})


@stream_request_body
class Upload(RequestHandler):
    def prepare(self) -> None:
        self.parts: list[bytes] = []

    def data_received(self, chunk: bytes) -> None:
        self.parts.append(chunk)

    def put(self) -> None:
        self.write({"bytes": sum(map(len, self.parts)), "whole": len(self.request.body)})


class Home(RequestHandler):
    def get(self) -> None:
        self.write("the host's own")


def made(tmp_path: Path) -> ChatApp:
    return ChatApp(settings(tmp_path, tornchat={"plugins": PLUGINS}), {"greeting": Greeting})


async def fetched(address: str, path: str, **more: Any) -> tuple[int, str]:
    answer = await AsyncHTTPClient().fetch(f"http://{address}{path}", raise_error=False, **more)
    return answer.code, answer.body.decode()


@pytest.mark.parametrize("prefix", ["", "/talk", "/a.b/talk"])
@pytest.mark.gen_test
async def test_they_are_served_below_the_prefix_and_the_host_keeps_the_rest(
    tmp_path: Path, prefix: str
) -> None:
    chat = made(tmp_path)
    rules = [*chat.routes(prefix), (r"/.*", Home)]
    async with hosting(rules, chat) as host:
        code, body = await fetched(host.address, f"{prefix}/hello/ann")
        assert (code, '"name": "ann"' in body) == (200, True)
        assert (await fetched(host.address, f"{prefix}/api/mine"))[0] == 200
        assert await fetched(host.address, f"{prefix}/hallo/ann") == (200, "the host's own")
        if prefix:
            assert await fetched(host.address, "/hello/ann") == (200, "the host's own")
            other = prefix.replace("a.b", "axb") if "." in prefix else "/tal"
            assert await fetched(host.address, f"{other}/hello/ann") == (200, "the host's own")
        document = (await fetched(host.address, f"{prefix}/openapi.json"))[1]
        assert '"/hello/{name}"' in document


@pytest.mark.gen_test
async def test_the_hosts_settings_apply_to_them_and_bodies_are_streamed(tmp_path: Path) -> None:
    chat = made(tmp_path)
    async with hosting(chat.routes("/talk"), chat) as host:
        cookie = {"Cookie": f"login={login_cookie('bob')}"}
        assert '"cookie": "bob"' in (await fetched(host.address, "/talk/hello/x", headers=cookie))[1]
        upload = await fetched(host.address, "/talk/upload", method="PUT", body=b"x" * 200_000)
        assert upload == (200, '{"bytes": 200000, "whole": 0}')


@pytest.mark.gen_test
async def test_before_the_start_they_are_the_hosts(tmp_path: Path) -> None:
    async with hosting([*made(tmp_path).routes("/talk"), (r"/.*", Home)]) as host:
        assert await fetched(host.address, "/talk/hello/ann") == (200, "the host's own")


def test_they_ask_who_calls(tmp_path: Path) -> None:
    async def play() -> None:
        staged = open_stage(tmp_path, {"tornchat": {"plugins": PLUGINS}}, {"greeting": Greeting})
        async with staged as stage:
            address = f"127.0.0.1:{stage.port}"

            async def who(**headers: str) -> str:
                return (await fetched(address, "/hello/x", headers=headers))[1]

            ann = f"Bearer {stage.token('ann')}"
            assert '"who": "ann"' in await who(Authorization=ann)
            assert '"who": null' in await who()
            assert '"who": null' in await who(Authorization="Bearer wrong")
            assert '"who": null' in await who(Authorization=ann, Origin="https://evil.example")
            assert '"who": "ann"' in await who(Authorization=ann, Origin=f"http://{address}")
            await stage.chat.site.ban(User("root", "root", frozenset({"admin"})), "ann", 60.0)
            assert '"who": null' in await who(Authorization=ann)
            with pytest.raises(TypeError, match="RequestHandler"):
                await stage.chat.identify("a request")

    asyncio.run(play())
