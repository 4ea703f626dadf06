"""Headers of 64 KiB that cost the loop much time: thousands of cookies, tags, subprotocols and headers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine, parse_cookie

from tests.stage import Stage, open_stage, serving
from tornchat import User, hookimpl
from tornchat.model import Credentials
from tornchat.server.edge.gates import MOST_HEADERS
from tornchat.server.ws import handshake

COOKIES = "; ".join(f"a{number}=" for number in range(6000))


async def answer(port: int, *lines: str, path: str = "/healthz") -> tuple[int, bool]:
    """Make a request with these headers; return the status, and whether the connection stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode())
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), b"Connection: close" not in head


def test_a_request_with_very_many_headers_is_refused_and_the_connection_closed(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        most = MOST_HEADERS - 1  # Host is one
        for name in ("a", "a{}"):
            lines = [f"{name.format(number)}:" for number in range(most)]
            assert await answer(stage.port, *lines) == (200, True)
            assert await answer(stage.port, *lines, "b:") == (431, False)
            assert await answer(stage.port, *lines * 50, path="/ws/chat/hall/") == (431, False)

    with serving(tmp_path / "data") as server:
        asyncio.run(play(server.stage))


class Own:
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        return User("ann", "ann") if credentials.cookies.get("login") == "ann" else None


@pytest.mark.parametrize(("plugins", "parsed"), [("jwt, peewee, local", 0), ("own, jwt, peewee, local", 2)])
def test_cookies_are_read_only_if_a_plugin_looks_at_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugins: str, parsed: int
) -> None:
    calls: list[str] = []

    def counted(header: str) -> dict[str, str]:
        calls.append(header)
        return parse_cookie(header)

    async def play() -> None:
        async with open_stage(tmp_path, {"tornchat": {"plugins": plugins}}, {"own": Own}) as stage:
            monkeypatch.setattr(handshake, "parse_cookie", counted)
            cookies = f"Cookie: {COOKIES}; login=ann"
            assert await answer(stage.port, cookies, path="/api/") == (200, True)
            status, _ = await answer(stage.port, cookies, path="/api/me")
            assert status == (200 if parsed else 401)
            assert len(calls) == parsed

    asyncio.run(play())


def test_of_thousands_of_subprotocols_the_first_ones_count() -> None:
    def offered(*names: str) -> Credentials:
        headers = HTTPHeaders({"Host": "x", "Sec-WebSocket-Protocol": ",".join(names)})
        line = RequestStartLine("GET", "/", "HTTP/1.1")
        request = HTTPServerRequest(headers=headers, start_line=line)
        return handshake.credentials(request, "hall", True)

    assert offered("tornchat.v1", "bearer.abc").token == "abc"
    assert offered("tornchat.v1", "bearer.abc", *["x"] * 7000).token == "abc"
    assert offered(*["x"] * 7000, "bearer.abc").token is None


def test_a_long_list_of_tags_is_not_looked_through(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            path = "/static/tokens.css"
            tag = stage.app._site.files.get("tokens.css").etag
            assert await answer(stage.port, f"If-None-Match: {tag}", path=path) == (304, True)
            tags = '"a", ' * 9000 + tag
            assert await answer(stage.port, f"If-None-Match: {tags}", path=path) == (200, True)

    asyncio.run(play())
