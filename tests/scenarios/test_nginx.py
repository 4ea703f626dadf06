"""Behind a real nginx, set up as docs/operating.md says."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from tests.figures import told
from tests.nginx import Nginx, below_path, documented, nginx
from tests.tls import make_certificate
from tornchat.client import Client, Connected, Message, connect
from tornchat.testing import RunningChat, running_chat

BEHIND: dict[str, dict[str, object]] = {
    "server": {"trusted_proxies": "127.0.0.1", "drain_seconds": 1},
    "limits": {"messages_per_second": 0},
}
ROUNDS = 30
TRIP_SECONDS = 0.5
"""No message may wait for others in a buffer. One takes a few milliseconds."""


def below(prefix: str) -> dict[str, dict[str, object]]:
    return {**BEHIND, "server": {**BEHIND["server"], "prefix": prefix}}


async def ask(front: Nginx, path: str, scheme: str = "http", **options: Any) -> HTTPResponse:
    request = HTTPRequest(f"{scheme}://127.0.0.1:{front.port}{path}", follow_redirects=False, **options)
    return await AsyncHTTPClient().fetch(request, raise_error=False)


def enters(front: Nginx, chat: RunningChat, user: str, path: str = "", **options: Any) -> Client:
    scheme = "wss" if options else "ws"
    url = f"{scheme}://127.0.0.1:{front.port}{path}/ws/chat/tea/"
    return connect(url, chat.token(user), **options)


async def hears(client: Client, count: int) -> list[str]:
    texts: list[str] = []
    async with asyncio.timeout(30):
        while len(texts) < count:
            event = await anext(client)
            if isinstance(event, Message):
                texts.append(event.text)
    return texts


@pytest.mark.gen_test
async def test_plain_with_the_clients_address_and_without_buffering(tmp_path: Path, caplog: Any) -> None:
    caplog.set_level("INFO", "tornchat")
    async with running_chat(BEHIND) as chat:
        with nginx(tmp_path, chat.port) as front:
            async with enters(front, chat, "ann") as ann, enters(front, chat, "bob") as bob:
                trips = []
                for number in range(ROUNDS):
                    start = time.monotonic()
                    await ann.send(f"number {number}")
                    assert await hears(bob, 1) == [f"number {number}"]
                    trips.append(time.monotonic() - start)
            print(f"through nginx: {told(trips)}")
            assert max(trips) < TRIP_SECONDS
            chain = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}
            token = {"Authorization": "Bearer nothing"}
            refused = await ask(front, "/api/me", headers={**chain, **token})
            assert refused.code == 401
            assert "a call from 203.0.113.7" in caplog.text
            assert "trusted_proxies" not in caplog.text


@pytest.mark.gen_test
async def test_a_large_answer_comes_whole_through_its_buffers(tmp_path: Path) -> None:
    async with running_chat({**BEHIND, "limits": {"message_chars": 0, "messages_per_second": 0}}) as chat:
        with nginx(tmp_path, chat.port) as front:
            headers = {"Authorization": f"Bearer {chat.token('ann')}", "Content-Type": "application/json"}
            texts = [f"{number}" + "x" * 15_000 for number in range(30)]
            for text in texts:
                body = json.dumps({"message": text})
                path = "/api/rooms/tea/messages"
                if text is texts[0]:
                    await ask(front, "/api/rooms", method="POST", body='{"name": "tea"}', headers=headers)
                assert (await ask(front, path, method="POST", body=body, headers=headers)).code == 201
            answer = await ask(front, "/api/rooms/tea/messages?limit=100", headers=headers)
            assert [one["message"] for one in json.loads(answer.body)["messages"]] == texts


@pytest.mark.gen_test
async def test_tls_ends_there_and_links_say_so(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    async with running_chat(BEHIND) as chat:
        with nginx(tmp_path, chat.port, certificate=made) as front:
            async with enters(front, chat, "ann", tls=made.client()) as ann:
                await ann.send("in secret")
                assert await hears(ann, 1) == ["in secret"]
            trusting = {"ssl_options": made.client()}
            described = json.loads((await ask(front, "/asyncapi.json", "https", **trusting)).body)
            assert described["servers"]["chat"]["protocol"] == "wss"
            assert described["servers"]["chat"]["host"] == f"127.0.0.1:{front.port}"
            origin = {"Origin": f"https://127.0.0.1:{front.port}"}
            assert (await ask(front, "/api/", "https", headers=origin, **trusting)).code == 200
            foreign = {"Origin": "https://127.0.0.1"}
            assert (await ask(front, "/api/", "https", headers=foreign, **trusting)).code == 403


STRIPPED = below_path().replace("proxy_pass http://127.0.0.1:8888;", "proxy_pass http://127.0.0.1:8888/;")
NAMED = STRIPPED.replace('X-Forwarded-Prefix "";', "X-Forwarded-Prefix /talk;")


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("site", "prefix", "place"),
    [
        (below_path(), "/talk", "/talk"),
        (STRIPPED, "/talk", "/talk"),
        (NAMED, "", "/talk"),
        (STRIPPED, "", "/"),
    ],
    ids=["kept", "taken away", "named", "neither set nor named"],
)
async def test_below_a_path(site: str, prefix: str, place: str, tmp_path: Path) -> None:
    async with running_chat(below(prefix)) as chat:
        with nginx(tmp_path, chat.port, site) as front:
            async with enters(front, chat, "ann", "/talk") as ann:
                await ann.send("below")
                assert await hears(ann, 1) == ["below"]
            lie = {"X-Forwarded-Prefix": "/lie"}
            document = json.loads((await ask(front, "/talk/openapi.json", headers=lie)).body)
            assert document["servers"] == [{"url": place}]
            for path in ("/", "/admin/", "/swagger/", "/asyncapi/", "/static/tornchat-client.js", "/api/"):
                assert (await ask(front, f"/talk{path}")).code == 200, path
            for path in ("/talk", "/talk/admin"):
                moved = (await ask(front, path)).headers["Location"]
                assert moved in (f"{path[1:]}/", "admin/", f"http://127.0.0.1:{front.port}{path}/"), path
            assert (await ask(front, "/api/")).code == 404


@pytest.mark.gen_test
async def test_ids_with_a_slash_are_kept_by_the_documented_block(tmp_path: Path) -> None:
    async with running_chat(below("/talk")) as chat:
        with nginx(tmp_path, chat.port, below_path()) as front:
            headers = {"Authorization": f"Bearer {chat.token('ann')}", "Content-Type": "application/json"}
            await ask(front, "/talk/api/rooms", method="POST", body='{"name": "tea"}', headers=headers)
            for user in ("a/b", "%2e", "a?b"):
                path = f"/talk/api/rooms/tea/bans/{quote(user, safe='')}"
                banned = await ask(front, path, method="PUT", body='{"seconds": 60}', headers=headers)
                assert banned.code == 204, user


@pytest.mark.gen_test
async def test_http_1_0_is_told_the_cure(tmp_path: Path, caplog: Any) -> None:
    site = documented()[0].replace("proxy_http_version 1.1;", "")
    async with running_chat(BEHIND) as chat:
        with nginx(tmp_path, chat.port, site) as front:
            headers = {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            }
            refused = await ask(front, "/ws/chat/tea/", headers=headers)
            assert refused.code == 426
            assert b"proxy_http_version 1.1;" in refused.body
            assert "proxy_http_version 1.1;" in caplog.text


RESTARTS = 3


async def speaks(client: Client, name: str, sent: list[str], enough: asyncio.Event) -> None:
    while not enough.is_set():
        sent.append(f"{name}{len(sent)}")
        await client.send(sent[-1])  # stored, whatever happens meanwhile
        await asyncio.sleep(0.005)


async def listens(client: Client, heard: list[str], back: asyncio.Queue[bool], last: str) -> None:
    async for event in client:
        if isinstance(event, Connected):
            back.put_nowait(event.recovered)
        elif isinstance(event, Message):
            if event.text == last:
                return
            heard.append(event.text)


@pytest.mark.gen_test(timeout=60)
async def test_a_restart_in_traffic_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Two speak all the time while nginx is restarted; who listens hears each message once, in order."""
    heard: list[str] = []
    sent: dict[str, list[str]] = {"ann": [], "bob": []}
    back: asyncio.Queue[bool] = asyncio.Queue()
    enough = asyncio.Event()
    async with running_chat(BEHIND) as chat:
        with nginx(tmp_path, chat.port) as front:
            ann, bob, eve = (enters(front, chat, name) for name in ("ann", "bob", "eve"))
            async with ann, bob, eve:
                listening = asyncio.create_task(listens(eve, heard, back, "the last one"))
                await back.get()
                speaking = [
                    asyncio.create_task(speaks(client, name, sent[name], enough))
                    for client, name in ((ann, "ann"), (bob, "bob"))
                ]
                for _ in range(RESTARTS):
                    await asyncio.to_thread(front.stop)
                    await asyncio.to_thread(front.start)
                    assert await asyncio.wait_for(back.get(), 20), "it came back without what it missed"
                enough.set()
                await asyncio.gather(*speaking)
                await ann.send("the last one")
                await asyncio.wait_for(listening, 20)
    total = sum(map(len, sent.values()))
    print(f"{RESTARTS} restarts of nginx: {total} sent, {len(heard)} heard, {len(set(heard))} different")
    for name, texts in sent.items():
        assert [text for text in heard if text.startswith(name)] == texts
    assert len(heard) == total
