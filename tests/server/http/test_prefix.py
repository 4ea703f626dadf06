"""Below a prefix that a proxy takes away or keeps: every link leads where the client sees the chat."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.hosting import hosting, settings
from tests.server.http.asyncapi.contract import meta_schema
from tests.server.http.web import Answer, ask
from tornchat import ChatApp, SettingsError
from tornchat.config.settings import load
from tornchat.testing import Client, RunningChat, running_chat

TRUSTED = {"server": {"trusted_proxies": "127.0.0.0/8"}}
NAMED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Prefix": "/talk"}
PAGES = ("/", "/admin/", "/swagger/", "/asyncapi/")


@asynccontextmanager
async def chat_with(**server: object) -> AsyncIterator[RunningChat]:
    async with running_chat({"server": server}) as chat:
        yield chat


async def enter(chat: RunningChat, path: str) -> Client:
    headers = {"Authorization": f"Bearer {chat.token('ann')}"}
    return Client(await websocket_connect(HTTPRequest(f"{chat.url}{path}", headers=headers)))


async def below(chat: RunningChat, prefix: str, url: str, headers: dict[str, str]) -> Answer:
    """What a client gets at `url`, through a proxy that takes `prefix` away."""
    path = urlsplit(url).path
    assert path.startswith(prefix + "/"), f"{url} is not below {prefix}"
    return await ask(chat, "GET", path.removeprefix(prefix), headers=headers)


@pytest.mark.gen_test
@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Prefix": "/else"}])
async def test_links_of_pages_lead_to_files_whatever_takes_the_prefix_away(headers: dict[str, str]) -> None:
    """They are relative, so that nothing has to be set, and nothing can be set wrong."""
    async with running_chat(TRUSTED) as chat:
        for page in PAGES:
            html = (await below(chat, "/deep/talk", "/deep/talk" + page, headers)).body.decode()
            links = re.findall(r'(?:href|src|data-document)="([^"#][^"]*)"', html)
            links = [link for link in links if not link.startswith("data:")]
            assert len(links) > 2, page
            for link in links:
                found = await below(chat, "/deep/talk", urljoin("/deep/talk" + page, link), headers)
                assert found.status == 200, (page, link)


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("path", "prefix", "location"),
    [
        ("/admin", "", "admin/"),
        ("/swagger?a=b", "", "swagger/?a=b"),
        ("/talk", "/talk", "talk/"),
        ("/asyncapi", "", "asyncapi/"),
    ],
)
async def test_a_page_without_its_slash_is_redirected_relatively(
    path: str, prefix: str, location: str
) -> None:
    async with chat_with(prefix=prefix) as chat:
        answer = await ask(chat, "GET", path)
        assert (answer.status, answer.headers["Location"]) == (302, location)


@pytest.mark.gen_test
@pytest.mark.parametrize("kept", ["", "/talk"])
async def test_a_set_prefix_serves_proxies_that_keep_it_and_those_that_take_it_away(kept: str) -> None:
    async with chat_with(prefix="/talk/", trusted_proxies="127.0.0.0/8") as chat:
        for headers in ({}, {**NAMED, "X-Forwarded-Prefix": "/else"}):
            document = await ask(chat, "GET", f"{kept}/openapi.json", headers=headers)
            assert document.json["servers"] == [{"url": "/talk"}]
            described = await ask(chat, "GET", f"{kept}/asyncapi.json", headers=headers)
            assert list(meta_schema().iter_errors(described.json)) == []
            assert described.json["servers"]["chat"]["pathname"] == "/talk"
            assert described.json["channels"]["v1"]["address"] == "/ws/chat/{room}/"
            for path in (*PAGES, "/healthz", "/readyz", "/api/"):
                assert (await ask(chat, "GET", kept + path, headers=headers)).status == 200, path
        made = await ask(chat, "POST", f"{kept}/api/rooms", "ann", {"name": "tea"})
        assert made.headers["Location"] == "/talk/api/rooms/tea"
        ann = await enter(chat, f"{kept}/ws/chat/tea/")
        assert (await ann.hear() or {})["type"] == "room_users_list"
        assert (await ask(chat, "GET", f"{kept}/x/api/")).status == 404
        assert (await ask(chat, "GET", f"{kept}/api/none")).code == "not_found"
        assert (await ask(chat, "GET", "/talkative/api/")).status == 404
        ann.close()


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("named", "trusted", "place"),
    [
        (["/talk"], True, "/talk"),
        (["/talk/"], True, "/talk"),
        (["/"], True, "/"),
        (["/outer, /inner"], True, "/outer/inner"),
        (["/a-b_c.d~1/2"], True, "/a-b_c.d~1/2"),
        (["/talk"], False, "/"),
        (["//evil.example"], True, "/"),
        (["https://evil.example"], True, "/"),
        (["talk"], True, "/"),
        (["/a/../b"], True, "/"),
        (["/<b>"], True, "/"),
        (["/" + "x" * 300], True, "/"),
    ],
)
async def test_a_trusted_proxy_names_the_prefix(named: list[str], trusted: bool, place: str) -> None:
    given = TRUSTED if trusted else {}
    async with running_chat(given) as chat:
        headers = {**NAMED, "X-Forwarded-Prefix": named[0]}
        assert (await ask(chat, "GET", "/openapi.json", headers=headers)).json["servers"] == [{"url": place}]
        described = (await ask(chat, "GET", "/asyncapi.json", headers=headers)).json
        assert described["servers"]["chat"].get("pathname", "/") == place
        made = await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"}, headers=headers)
        assert made.headers["Location"] == place.rstrip("/") + "/api/rooms/tea"


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("trusted", "named", "protocol"),
    [(True, "https", "wss"), (True, "http, https", "wss"), (True, "http", "ws"), (False, "https", "ws")],
)
async def test_a_trusted_proxy_names_the_scheme(trusted: bool, named: str, protocol: str) -> None:
    async with running_chat(TRUSTED if trusted else {}) as chat:
        headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": named}
        described = (await ask(chat, "GET", "/asyncapi.json", headers=headers)).json
        assert described["servers"]["chat"]["protocol"] == protocol


@pytest.mark.gen_test
async def test_a_mounted_chat_behind_a_proxy_is_below_both(tmp_path) -> None:
    """A host may put its own path before the patterns, as Bokeh does."""
    chat = ChatApp(settings(tmp_path, server={"prefix": "/outer"}))
    routes = [("/host" + route[0], *route[1:]) for route in chat.routes("/talk")]
    async with hosting(routes, chat) as host:
        running = RunningChat(chat, int(host.address.rpartition(":")[2]))
        document = (await ask(running, "GET", "/host/talk/openapi.json")).json
        assert document["servers"] == [{"url": "/outer/host/talk"}]
        described = (await ask(running, "GET", "/host/talk/asyncapi.json")).json
        assert described["servers"]["chat"]["pathname"] == "/outer/host"
        assert described["channels"]["v1"]["address"] == "/talk/ws/chat/{room}/"
        redirect = await ask(running, "GET", "/host/talk")
        assert (redirect.status, redirect.headers["Location"]) == (302, "talk/")


@pytest.mark.parametrize("prefix", ["talk", "//talk", "/a/../b", "/a b", "/ü", "http://x/", "/talk?x"])
def test_a_prefix_that_is_no_path_is_refused_with_the_cure(prefix: str) -> None:
    with pytest.raises(SettingsError, match=r"\[server\] prefix .*no path.*Write /talk"):
        load(settings={"server": {"prefix": prefix}})
