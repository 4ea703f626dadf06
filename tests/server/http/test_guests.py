"""Who may be a guest without anybody having said so: only who surely sits at this machine."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.server.http.web import ask
from tornchat.config.settings import load
from tornchat.hooks.loader import load_plugins
from tornchat.server.edge.addresses import FORWARDING_HEADERS
from tornchat.server.http.guests import Guests, is_loopback
from tornchat.testing import running_chat


async def status(port: int, head: list[str], version: str = "HTTP/1.1") -> int:
    """Ask for a guest's token with these header lines, written by hand."""
    body = json.dumps({"username": "x"})
    lines = [f"POST /api/guest {version}", *head, "Content-Type: application/json"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.gen_test
async def test_who_sits_here_is_let_in():
    async with running_chat() as chat:
        for host in ("127.0.0.1", "localhost", "LOCALHOST:8888", "[::1]:80", "127.1.2.3"):
            assert await status(chat.port, [f"Host: {host}"]) == 201, host


OTHERS = (
    *("chat.example", "127.0.0.1.example", "localhost.example", "10.0.0.1", "[::2]", "127.0.0.1@x"),
    *("0.0.0.0", "x:127.0.0.1", "localhost:1:2", "2130706433", "0x7f.1", "localhost,", "localhost?"),
)


@pytest.mark.gen_test
async def test_another_host_name_is_not_here():
    async with running_chat() as chat:
        for host in OTHERS:
            assert await status(chat.port, [f"Host: {host}"]) in (400, 403), host


@pytest.mark.gen_test
async def test_whoever_a_proxy_stands_before_is_not_here():
    """A proxy on this machine connects from here; each of its headers gives it away."""
    async with running_chat() as chat:
        for name in FORWARDING_HEADERS:
            for value in ("127.0.0.1", "for=127.0.0.1", ""):
                told = await status(chat.port, ["Host: localhost", f"{name}: {value}"])
                assert told == 403, f"{name}: {value}"
        assert await status(chat.port, ["Host: localhost"], "HTTP/1.0") == 403
        assert await status(chat.port, ["Host: localhost", "Origin: https://chat.example"]) == 403
        assert await status(chat.port, ["Host: localhost", "Origin: http://localhost"]) == 201


@pytest.mark.gen_test
async def test_the_settings_have_the_last_word():
    async with running_chat({"guest": {"enabled": False}}) as chat:
        assert await status(chat.port, ["Host: localhost"]) == 403
        assert (await ask(chat, "GET", "/api/")).json["guest"] is False
    async with running_chat({"guest": {"enabled": "on"}}) as chat:
        assert await status(chat.port, ["Host: chat.example", "X-Forwarded-For: 1.2.3.4"]) == 201


def test_a_settings_file_or_a_key_of_ones_own_ends_the_first_try(tmp_path):
    def untouched(settings):
        return Guests(settings, load_plugins(settings).plugins)._untouched

    ini = tmp_path / "tornchat.ini"
    ini.write_text("")
    assert untouched(load(settings={"tornchat": {"data_dir": tmp_path}}))
    assert not untouched(load(ini))
    assert not untouched(load(settings={"jwt": {"secret": "s" * 64}}))
    assert not untouched(load(environ={"TORNCHAT_JWT__SECRET": "s" * 64}))


def test_what_is_loopback():
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]))
    assert not any(map(is_loopback, ["", "0.0.0.0", "::", "localhost.", "evil", "128.0.0.1", "fe80::1%lo"]))
