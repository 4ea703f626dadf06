"""Handshakes: whose pages may connect, and what is answered to what is no handshake."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from tests.stage import Stage, open_stage

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


async def status(stage: Stage, changes: dict[str, str | None], method: str = "GET", query: str = "") -> int:
    """Send a handshake with some headers changed, or left out (None), and give the HTTP status."""
    headers = {"Host": f"127.0.0.1:{stage.port}", **HANDSHAKE, **changes}
    lines = [f"{method} /ws/chat/general/{query} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    try:
        writer.write("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode())
        async with asyncio.timeout(5):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        await writer.wait_closed()


def ask(tmp_path: Path, changes: dict[str, str | None], settings: dict | None = None, **how: str) -> int:
    async def play() -> int:
        async with open_stage(tmp_path, settings) as stage:
            own = {k: v and v.replace("PORT", str(stage.port)) for k, v in changes.items()}
            return await status(stage, own, **how)

    return asyncio.run(play())


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1.evil.example:PORT",
        "http://127.0.0.1:PORT@evil.example",
        "http://127.0.0.1:1",
        "file://127.0.0.1:PORT",
        "127.0.0.1:PORT",
        "http://127.0.0.1:port",
    ],
)
@pytest.mark.parametrize("fetch_site", [None, "same-origin"])
def test_a_foreign_page_may_not_connect(tmp_path: Path, origin: str, fetch_site: str | None) -> None:
    assert ask(tmp_path, {"Origin": origin, "Sec-Fetch-Site": fetch_site}) == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:PORT", None])
def test_ones_own_page_and_what_is_no_browser_may(tmp_path: Path, origin: str | None) -> None:
    assert ask(tmp_path, {"Origin": origin}) == 101


@pytest.mark.parametrize("allowed", ["https://app.example", "*"])
def test_a_listed_page_may(tmp_path: Path, allowed: str) -> None:
    assert ask(tmp_path, {"Origin": "https://app.example"}, {"server": {"allowed_origins": allowed}}) == 101


def test_another_page_than_the_listed_may_not(tmp_path: Path) -> None:
    settings = {"server": {"allowed_origins": "https://app.example"}}
    assert ask(tmp_path, {"Origin": "https://app.example.evil"}, settings) == 403


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Version": None}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Upgrade": None}, 400),
        ({"Sec-WebSocket-Protocol": "mqtt"}, 101),
        ({"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=99; junk"}, 101),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_no_handshake(tmp_path: Path, changes: dict[str, str | None], expected: int) -> None:
    assert ask(tmp_path, changes) == expected


def test_only_get_shakes_hands(tmp_path: Path) -> None:
    assert ask(tmp_path, {}, method="POST") == 405


def test_no_token_reaches_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """P17, also for requests that fail."""

    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            for method in ("GET", "POST"):
                for changes in ({}, {"Sec-WebSocket-Version": "8"}, {"Origin": "null"}, {"Upgrade": None}):
                    await status(stage, dict(changes), method, "?token=SECRETTOKEN")
            token = stage.token("romeo")
            romeo = await stage.enters("romeo", "general", token=token, query={"token": token})
            await romeo.says("SECRETTEXT")
            await romeo.hears()
            await romeo.socket.send('{"message": "SECRETTEXT"')
            await romeo.next_of("error")
            bad = await stage.enters("x", "general", token="SECRETTOKEN.x.y")
            assert await bad.is_closed() == 4001

    with caplog.at_level(logging.DEBUG):
        asyncio.run(play())
    ours = [record for record in caplog.records if not record.name.startswith(("websockets", "asyncio"))]
    text = "\n".join(record.getMessage() for record in ours)
    assert ours
    assert "SECRET" not in text
    assert "eyJ" not in text


@pytest.mark.parametrize("way", ["query", "header", "subprotocol", "cookie"])
def test_a_token_in_a_request_of_a_foreign_origin_is_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """The line names the origin, so that an operator can allow it, and nothing else of the request."""
    token = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"
    ways: dict[str, dict[str, str | None]] = {
        "header": {"Authorization": f"Bearer {token}"},
        "subprotocol": {"Sec-WebSocket-Protocol": f"tornchat.v1, bearer.{token}"},
        "cookie": {"Cookie": f"session={token}"},
    }
    query = f"?token={token}" if way == "query" else ""
    with caplog.at_level(logging.DEBUG):
        changes = {"Origin": "https://evil.example", **ways.get(way, {})}
        assert ask(tmp_path, changes, query=query) == 403
    refusals = [record for record in caplog.records if getattr(record, "event", "") == "refused_origin"]
    assert ["https://evil.example" in record.getMessage() for record in refusals] == [True]
    told = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert token.split(".")[2] not in told
