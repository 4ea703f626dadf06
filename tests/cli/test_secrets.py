"""A9: no secret in any output, at any level and in both formats."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.process import run, serving
from tornchat.cli.options import Given

PASSWORD = "pw-s3cret"
ATTACKS = (
    "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\rx\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nCookie: login={secret}\x00\r\n\r\n",
    "GET /?key={secret} HTTP/9.9\r\nHost: x\r\n\r\n",
    "GET /{secret}\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /api/guest?key={secret} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "GET /nope?token={secret} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {secret}\r\n\r\n",
    "GET /ws/chat/a/?token={secret} HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Protocol: bearer.{secret}\r\n\r\n",
)


def send(port: int, text: str) -> None:
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(text.encode("latin-1"))
        client.shutdown(socket.SHUT_WR)
        try:
            while client.recv(65536):
                pass
        except ConnectionError:
            pass


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_part_of_a_request_that_may_be_secret_is_logged(tmp_path: Path, form: str) -> None:
    options = ("--set", "tornchat.log_level=debug", "--set", f"tornchat.log_format={form}")
    with serving(tmp_path, *options) as (server, address):
        for attack in ATTACKS:
            send(int(address.partition(":")[2]), attack.format(secret=PASSWORD))
        server.process.terminate()
        server.ends()
        assert PASSWORD not in server.stderr
        assert "Malformed HTTP message from 127.0.0.1" in server.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://chat:{PASSWORD}@127.0.0.1:1/chat",
        f"postgresql://chat@127.0.0.1:1/chat?password={PASSWORD}",
        f"postgresql://chat:'{PASSWORD}'@127.0.0.1:1/chat",
    ],
)
@pytest.mark.parametrize("command", ["serve", "check", "config", "migrate"])
def test_no_password_of_the_database_is_shown(tmp_path: Path, command: str, url: str) -> None:
    done = run(tmp_path, command, "--set", f"peewee.url={url}", "--set", "tornchat.log_level=debug")
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url", [f"redis://:{PASSWORD}@127.0.0.1:1/0", f"redis://:a/{PASSWORD}@127.0.0.1:1/0"]
)
@pytest.mark.parametrize("command", ["serve", "check", "config"])
def test_no_password_of_the_bus_is_shown(tmp_path: Path, command: str, url: str) -> None:
    chosen = [f"redis.url={url}", "tornchat.plugins=jwt,peewee,redis", "jwt.secret=" + PASSWORD * 4]
    options = [word for setting in chosen for word in ("--set", setting)]
    done = run(tmp_path, command, *options)
    assert PASSWORD not in done.stdout + done.stderr


def test_the_banner_repeats_settings_without_their_passwords() -> None:
    settings = (
        f"peewee.url=postgresql://u:{PASSWORD}@db/chat",
        f"peewee.url=postgresql://u@db/chat?password={PASSWORD}",
        f"jwt.secret={PASSWORD}",
    )
    for setting in settings:
        assert PASSWORD not in Given(None, (setting, "tornchat.port=1")).flags()
        assert "tornchat.port=1" in Given(None, (setting, "tornchat.port=1")).flags()
