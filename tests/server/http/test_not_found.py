"""A15: paths that nobody serves are answered by the server itself, as carefully as all others."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.stage import serving
from tornchat.server.edge.headers import SECURITY_HEADERS


def answer(port: int, head: str) -> str:
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(f"{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while data := client.recv(65536):
            found += data
    return found.decode()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with serving(tmp_path_factory.mktemp("site") / "data") as server:
        yield server.stage.port


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /nope HTTP/1.1", 404),
        ("POST /nope HTTP/1.1\r\nContent-Length: 0", 404),
        ("BREW /nope HTTP/1.1", 405),
        ("GET //evil.example/%2e%2e HTTP/1.1", 404),
        ("GET /static/nope HTTP/1.1", 404),
        ("GET /ws/chat/a/b HTTP/1.1", 404),
        ("GET /ws/chat/hall/ HTTP/1.1", 400),
        ("POST /ws/chat/hall/ HTTP/1.1\r\nContent-Length: 0", 405),
        ("GET /api/nope HTTP/1.1", 404),
        ("BREW / HTTP/1.1", 405),
        ("GET /healthz HTTP/1.1", 200),
    ],
)
def test_every_answer_has_the_security_headers_and_no_version(port: int, head: str, status: int) -> None:
    found = answer(port, head)
    assert found.startswith(f"HTTP/1.1 {status} ")
    assert "Tornado" not in found
    assert "Server:" not in found
    for name in SECURITY_HEADERS:
        assert f"\r\n{name}: " in found


def test_an_upgrade_tells_no_version(port: int, tmp_path: Path) -> None:
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        head = f"GET /ws/chat/hall/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}"
        client.sendall(f"{head}\r\n\r\n".encode())
        found = client.recv(65536)
    assert found.startswith(b"HTTP/1.1 101 ")
    assert b"Server:" not in found
