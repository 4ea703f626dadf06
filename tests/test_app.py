"""ChatApp, as an integrator uses it: mounted, beside other routes, with the host's own login, twice."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, create_signed_value, decode_signed_value

from tests.hosting import SECRET, hosting, settings
from tornchat import ChatApp, Credentials, SettingsError, User, hookimpl
from tornchat.testing import AuthContract


class CookieSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[cookie]`"""

    secret: str


class CookieAuth:
    """Who is logged in to the host is logged in to the chat: by the cookie that the host has signed."""

    Settings = CookieSettings

    def __init__(self, settings: CookieSettings) -> None:
        self._secret = settings.secret

    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        try:
            name = decode_signed_value(self._secret, "login", credentials.cookies.get("login", ""))
        except ValueError:  # a cookie with a lone surrogate, which no browser sends
            return None
        return User(f"id-{name.decode()}", name.decode()) if name else None


class TestCookieAuth(AuthContract):
    def make_plugin(self, tmp_path: Path) -> CookieAuth:
        return CookieAuth(CookieSettings(SECRET))

    def good_credentials(self, plugin: Any) -> Credentials:
        return Credentials("tea", "127.0.0.1", cookies={"login": login_cookie("ann")})


class Login(RequestHandler):
    def post(self) -> None:
        self.set_signed_cookie("login", self.get_argument("name"))


class CatchAll(RequestHandler):
    def get(self, path: str) -> None:
        self.write(f"the host's page {path}")


def login_cookie(name: str) -> str:
    return create_signed_value(SECRET, "login", name).decode()


@pytest.mark.gen_test
async def test_routes_are_tuples_that_tornado_jupyter_and_bokeh_take(tmp_path: Path) -> None:
    """Jupyter passes them to `add_handlers`; Bokeh puts its own prefix before each pattern of a tuple."""
    chat = ChatApp(settings(tmp_path))
    routes = chat.routes("/talk")
    assert {type(route) for route in routes} == {tuple}
    assert {len(route) for route in routes} == {3}
    bokeh = [("/bokeh" + route[0], *route[1:]) for route in routes]
    application = Application([])
    application.add_handlers(".*$", list(routes))
    [listener] = bind_sockets(0, "127.0.0.1")
    jupyter = HTTPServer(application)
    jupyter.add_socket(listener)
    try:
        async with hosting([*bokeh, *routes], chat) as host:
            for address, start in (
                (host.address, "/talk"),
                (host.address, "/bokeh/talk"),
                (f"127.0.0.1:{listener.getsockname()[1]}", "/talk"),
            ):
                for path in ("/healthz", "/api/", "/static/tornchat-client.js"):
                    told = await AsyncHTTPClient().fetch(f"http://{address}{start}{path}")
                    assert told.code == 200
            ann = await host.enter_as(chat, "/bokeh/talk/ws/chat/tea/", "ann")
            assert (await ann.hear())["type"] == "room_users_list"
    finally:
        jupyter.stop()
        await jupyter.close_all_connections()


@pytest.mark.gen_test
async def test_it_mounts_under_a_prefix(tmp_path: Path) -> None:
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes(prefix="/talk"), chat) as host:
        ann = await host.enter_as(chat, "/talk/ws/chat/tea/", "ann")
        await ann.say("hello")
        assert await ann.hear_message() == "hello"
        assert await host.status("/ws/chat/tea/") == 404


@pytest.mark.gen_test
async def test_it_lives_beside_a_catch_all_route(tmp_path: Path) -> None:
    chat = ChatApp(settings(tmp_path))
    async with hosting([*chat.routes(), (r"/(.*)", CatchAll)], chat) as host:
        page = await AsyncHTTPClient().fetch(f"http://{host.address}/about")
        assert page.body == b"the host's page about"
        ann = await host.enter_as(chat, "/ws/chat/tea", "ann")
        await ann.say("hello")
        assert await ann.hear_message() == "hello"


@pytest.mark.gen_test
async def test_the_hosts_own_login_is_the_chats(tmp_path: Path) -> None:
    given = settings(tmp_path, tornchat={"plugins": "cookie, peewee, local"}, cookie={"secret": SECRET})
    chat = ChatApp(given, plugins={"cookie": CookieAuth})
    async with hosting([(r"/login", Login), *chat.routes()], chat) as host:
        answer = await AsyncHTTPClient().fetch(
            f"http://{host.address}/login", method="POST", body=f"name={quote('ann')}"
        )
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        ann = await host.enter("/ws/chat/tea/", Cookie=cookie)
        users = await ann.hear()
        assert users == {"type": "room_users_list", "users": [{"id": "id-ann", "username": "ann"}]}


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "cookie", ["", "login=ann", f"login={login_cookie('ann')[:-2]}", f"x={login_cookie('ann')}"]
)
async def test_without_the_hosts_login_nobody_enters(cookie: str, tmp_path: Path) -> None:
    given = settings(tmp_path, tornchat={"plugins": "cookie, peewee, local"}, cookie={"secret": SECRET})
    chat = ChatApp(given, plugins={"cookie": CookieAuth})
    async with hosting(chat.routes(), chat) as host:
        nobody = await host.enter("/ws/chat/tea/", Cookie=cookie)
        assert await nobody.closed() == 4001


@pytest.mark.gen_test
async def test_two_chats_in_one_process_do_not_see_each_other(tmp_path: Path) -> None:
    short = ChatApp(settings(tmp_path / "short", limits={"message_chars": 5}))
    long = ChatApp(settings(tmp_path / "long"))
    async with hosting([*short.routes("/short"), *long.routes("/long")], short, long) as host:
        ann = await host.enter_as(short, "/short/ws/chat/tea/", "ann")
        bob = await host.enter_as(long, "/long/ws/chat/tea/", "bob")
        await ann.say("too long")
        assert await ann.hear_message() == "The message is longer than 5 characters."
        await ann.say("short")
        assert await ann.hear_message() == "short"
        await bob.say("much longer")
        assert await bob.hear_message() == "much longer", "one chat heard what was said in the other"
        stranger = await host.enter_as(short, "/long/ws/chat/tea/", "ann")
        assert await stranger.closed() == 4001, "the token of one chat opened the other"


@pytest.mark.gen_test
async def test_closing_one_chat_leaves_the_other(tmp_path: Path) -> None:
    one, two = ChatApp(settings(tmp_path / "one")), ChatApp(settings(tmp_path / "two"))
    async with hosting([*one.routes("/one"), *two.routes("/two")], one, two) as host:
        bob = await host.enter_as(two, "/two/ws/chat/tea/", "bob")
        await one.close()
        assert await host.status("/one/ws/chat/tea/") == 503
        await bob.say("still here")
        assert await bob.hear_message() == "still here"


@pytest.mark.gen_test
async def test_before_start_and_after_close_it_is_503(tmp_path: Path) -> None:
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes()) as host:
        url = "/ws/chat/tea/"
        assert await host.status(url) == 503
        await chat.start()
        ann = await host.enter_as(chat, url, "ann")
        await ann.say("hello")
        assert await ann.hear_message() == "hello"
        await chat.close()
        assert await host.status(url) == 503


@pytest.mark.gen_test
async def test_close_closes_its_clients_with_1001_and_may_be_called_again(tmp_path: Path) -> None:
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes(), chat) as host:
        clients = [await host.enter_as(chat, "/ws/chat/tea/", name) for name in ("ann", "bob")]
        await chat.close()
        assert [await client.closed() for client in clients] == [1001, 1001]
        await chat.close()


@pytest.mark.gen_test
async def test_close_before_start_does_nothing(tmp_path: Path) -> None:
    await ChatApp(settings(tmp_path)).close()
    assert os.listdir(tmp_path) == []


@pytest.mark.gen_test
async def test_nothing_is_left_running_after_close(tmp_path: Path) -> None:
    threads, tasks = set(threading.enumerate()), asyncio.all_tasks()
    chat = ChatApp(settings(tmp_path))
    await chat.start()
    await chat.close()
    assert set(threading.enumerate()) <= threads
    assert asyncio.all_tasks() <= tasks


@pytest.mark.gen_test
async def test_it_can_be_started_again_after_close(tmp_path: Path) -> None:
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes(), chat) as host:
        url = "/ws/chat/tea/"
        ann = await host.enter_as(chat, url, "ann")
        await ann.say("before")
        assert await ann.hear_message() == "before"
        await chat.close()
        await chat.start()
        ann = await host.enter_as(chat, url, "ann")
        assert await ann.hear_message() == "before"
        await ann.say("after")
        assert await ann.hear_message() == "after"


@pytest.mark.gen_test
async def test_it_is_started_once(tmp_path: Path) -> None:
    chat = ChatApp(settings(tmp_path))
    await chat.start()
    with pytest.raises(SettingsError, match="started already"):
        await chat.start()
    await chat.close()


@pytest.mark.gen_test
async def test_a_start_that_fails_shuts_down_what_was_started(tmp_path: Path) -> None:
    class Broken:
        @hookimpl
        def startup(self) -> None:
            raise SettingsError("There is no fuse.", "Put one in.")

    threads, tasks = set(threading.enumerate()), asyncio.all_tasks()
    given = settings(tmp_path, tornchat={"plugins": "jwt, peewee, local, broken"})
    chat = ChatApp(given, plugins={"broken": Broken})
    async with hosting(chat.routes()) as host:
        with pytest.raises(SettingsError, match="There is no fuse"):
            await chat.start()
        assert set(threading.enumerate()) <= threads, "the database's threads are left"
        assert asyncio.all_tasks() <= tasks | {asyncio.current_task()}, "a task is left"
        assert await host.status("/ws/chat/tea/") == 503


def test_a_fault_in_the_settings_is_told_when_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="message_charz"):
        ChatApp(settings(tmp_path, limits={"message_charz": 5}))
    with pytest.raises(SettingsError, match="Did you mean cookie"):
        ChatApp(settings(tmp_path, tornchat={"plugins": "cooky"}), plugins={"cookie": CookieAuth})


def test_settings_may_be_an_ini_file(tmp_path: Path) -> None:
    ini = tmp_path / "tornchat.ini"
    ini.write_text("[limits]\nmessage_chars = 7\n")
    assert ChatApp(ini).settings.limits.message_chars == 7
    assert ChatApp(str(ini)).settings.limits.message_chars == 7
