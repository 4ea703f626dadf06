"""Who a client is: the peer, or the rightmost address that no trusted proxy has."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from tests.stage import open_stage
from tornchat import Credentials, SettingsError, User, hookimpl
from tornchat.config.settings import load
from tornchat.server.edge.addresses import Client, Proxies

PROXY = "10.1.1.1"


class Line:
    """A connection, as far as a request knows it."""

    class context:  # noqa: N801 (Tornado's name)
        remote_ip = PROXY
        protocol = "http"

    def set_close_callback(self, callback: object) -> None: ...


def client(peer: str, trusted: tuple[str, ...], *headers: tuple[str, str]) -> Client:
    line = Line()
    line.context = type("context", (), {"remote_ip": peer, "protocol": "http"})  # type: ignore[misc,assignment]
    given = HTTPHeaders()
    given.add("Host", "chat.example")
    for name, value in headers:
        given.add(name, value)
    request = HTTPServerRequest(start_line=LINE, headers=given, connection=line)  # type: ignore[arg-type]
    return Proxies(trusted).client(request)


LINE = RequestStartLine("GET", "/", "HTTP/1.1")
FOR = "X-Forwarded-For"


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ([], PROXY),
        ([(FOR, "203.0.113.7")], "203.0.113.7"),
        ([(FOR, "1.1.1.1, 203.0.113.7")], "203.0.113.7"),
        ([(FOR, "127.0.0.1, 203.0.113.7, 10.9.9.9")], "203.0.113.7"),
        ([(FOR, "1.1.1.1"), (FOR, "203.0.113.7")], "203.0.113.7"),
        ([(FOR, "203.0.113.7:4711")], "203.0.113.7"),
        ([(FOR, "::ffff:203.0.113.7")], "203.0.113.7"),
        ([(FOR, "[2001:db8::7]:4711")], "2001:db8::7"),
        ([(FOR, "10.7.7.7, 10.9.9.9")], "10.7.7.7"),
        ([("Forwarded", 'for=1.1.1.1, For="[2001:db8::7]:4711";proto=https;by=10.9.9.9')], "2001:db8::7"),
        ([("Forwarded", "by=x;for=203.0.113.7;host=y")], "203.0.113.7"),
        ([("Forwarded", "for=203.0.113.7"), (FOR, "203.0.113.7")], "203.0.113.7"),
    ],
)
def test_a_trusted_proxy_names_the_client(headers: list[tuple[str, str]], address: str) -> None:
    assert client(PROXY, ("10.0.0.0/8",), *headers).address == address


@pytest.mark.parametrize(
    "headers",
    [
        [(FOR, "unknown")],
        [(FOR, "1.1.1.1, _hidden")],
        [(FOR, "")],
        [("Forwarded", "proto=https")],
        [("Forwarded", "for=_secret")],
        [("Forwarded", "for=1.1.1.1"), (FOR, "203.0.113.7")],
        [("X-Real-IP", "1.1.1.1")],
    ],
)
def test_headers_that_name_nobody_free_nobody_of_a_limit(headers: list[tuple[str, str]]) -> None:
    found = client(PROXY, ("10.0.0.0/8",), *headers)
    assert found.address == PROXY
    assert found.network == f"unclear, through {PROXY}"
    assert not found.exempt


@pytest.mark.parametrize("name", [FOR, "Forwarded", "X-Real-IP", "Fly-Client-IP", "CDN-Loop", "X-Azure-Ref"])
def test_nobody_else_is_believed_and_has_no_address_of_its_own(name: str) -> None:
    assert client("192.0.2.1", ("10.0.0.0/8",), (name, "for=1.1.1.1")) == Client(
        "192.0.2.1", None, exempt=True, direct=False
    )


def test_an_ipv6_client_is_its_network_and_this_machine_is_exempt() -> None:
    assert client("2001:db8::7", ()).network == "2001:db8::/64"
    assert client("127.0.0.1", ()).exempt
    assert not client("127.0.0.1", ("127.0.0.0/8",), (FOR, "127.0.0.1")).exempt


def test_a_proxy_at_a_unix_socket_is_trusted_by_name() -> None:
    assert client("0.0.0.0", ("unix",), (FOR, "203.0.113.7")).address == "203.0.113.7"
    assert client("0.0.0.0", (), (FOR, "203.0.113.7")).network is None


def test_what_is_no_network_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match=r"\[server\] trusted_proxies .*'nginx' is no network"):
        load(settings={"server": {"trusted_proxies": "10.0.0.0/8, nginx"}})


class Door:
    """Lets everybody in, and remembers from where they came."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def authenticate(self, credentials: Credentials) -> User:
        self.seen.append(credentials.remote_ip)
        return User("id-ann", "ann")


@pytest.mark.parametrize(("trusted", "address"), [("127.0.0.0/8", "203.0.113.7"), ("", "127.0.0.1")])
def test_hooks_and_logs_have_the_clients_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, trusted: str, address: str
) -> None:
    doors: list[Door] = []

    class Kept(Door):
        def __init__(self) -> None:
            super().__init__()
            doors.append(self)

    async def play() -> None:
        given = {"server": {"trusted_proxies": trusted}, "tornchat": {"plugins": "kept, peewee, local"}}
        async with open_stage(tmp_path, given, {"kept": Kept}) as stage:
            stage.key = "a key that nobody looks at, of 32 characters"
            for _ in range(3):
                head = stage.handshake("ann", "hall").decode().rstrip()
                reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
                writer.write(f"{head}\r\n{FOR}: 203.0.113.7\r\n\r\n".encode())
                await reader.readuntil(b"room_users_list")
                writer.close()
                await writer.wait_closed()

    with caplog.at_level(logging.INFO):
        asyncio.run(play())
    assert doors[0].seen == [address] * 3
    assert f"from {address} entered room" in caplog.text
    assert caplog.text.count("is not in [server] trusted_proxies") == (0 if trusted else 1)
