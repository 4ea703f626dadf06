"""Limits of addresses and users, on a real server. A trusted proxy gives clients addresses of their own."""

from __future__ import annotations

import asyncio
import logging
import resource
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import until
from tests.stage import Stage, open_stage
from tornchat.server.edge import edge as edge_module
from tornchat.server.edge.edge import affordable

OPENED: ContextVar[list[Socket]] = ContextVar("opened")
"""The sockets of one play, which closes them at its end."""


class Socket:
    """A raw client: the status of its handshake, and the close that ends it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self.reader, self.writer, self.head = reader, writer, head
        self.status = int(head.split()[1])

    async def ends_with(self) -> tuple[int, str]:
        """Pass over text frames up to the close frame."""
        async with asyncio.timeout(15):
            while True:
                first, length = await self.reader.readexactly(2)
                if length == 126:
                    length = int.from_bytes(await self.reader.readexactly(2))
                payload = await self.reader.readexactly(length)
                if first == 0x88:
                    return int.from_bytes(payload[:2]), payload[2:].decode()

    async def is_in(self) -> None:
        async with asyncio.timeout(15):
            await self.reader.readuntil(b"room_users_list")

    async def leaves(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def come(
    stage: Stage, user: str, room: str = "hall", address: str | None = None, token: str | None = None
) -> Socket:
    head = stage.handshake(user, room)
    if token is not None:
        head = head.replace(stage.token(user).partition(".")[0].encode(), token.encode())
    if address is not None:
        head = head.replace(b"\r\n\r\n", f"\r\nX-Forwarded-For: {address}\r\n\r\n".encode())
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(head)
    async with asyncio.timeout(15):
        found = Socket(reader, writer, (await reader.readuntil(b"\r\n\r\n")).decode())
    OPENED.get().append(found)
    return found


def play(tmp_path: Path, act: Any, **limits: object) -> Stage:
    async def run() -> Stage:
        given = {"limits": limits, "server": {"trusted_proxies": "127.0.0.0/8", "drain_seconds": 0.2}}
        async with open_stage(tmp_path, given) as stage:
            OPENED.set([])
            try:
                await act(stage)
            finally:
                await asyncio.gather(*(socket.leaves() for socket in OPENED.get()))
            return stage

    return asyncio.run(run())


def limits_of(stage: Stage) -> dict[str, int]:
    return dict(stage.chat.counts.limits)


def lines(caplog: pytest.LogCaptureFixture, limit: str) -> int:
    return sum(vars(record).get("limit") == limit for record in caplog.records)


@pytest.mark.parametrize(
    ("limits", "rooms", "limit"),
    [
        ({"sockets_per_room": 2}, ["hall"] * 5, "sockets_per_room"),
        ({"sockets_per_user": 2}, ["a", "b", "c", "d", "e"], "sockets_per_user"),
    ],
)
def test_sockets_of_one_user_beyond_the_limit_are_closed_with_1013(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, limits: dict[str, int], rooms: list[str], limit: str
) -> None:
    async def act(stage: Stage) -> None:
        sockets = []
        for room in rooms[:2]:
            sockets.append(await come(stage, "ann", room))
            await sockets[-1].is_in()
        sockets += [await come(stage, "ann", room) for room in rooms[2:]]
        for socket in sockets[2:]:
            code, reason = await socket.ends_with()
            assert code == 1013
            assert 5 <= float(reason.removeprefix("retry_after=")) <= 30
        await (await come(stage, "bob")).is_in()
        await sockets[0].leaves()
        async with asyncio.timeout(10):
            while True:  # the server sees the end a moment later
                again = await come(stage, "ann", rooms[0])
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await again.ends_with()
                        continue
                return

    with caplog.at_level(logging.WARNING):
        stage = play(tmp_path, act, **limits)
    assert limits_of(stage)[limit] >= 3
    assert lines(caplog, limit) == 1


def test_connections_of_one_address_are_limited_and_others_come_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(stage: Stage) -> None:
        found = [await come(stage, f"u{n}", address="203.0.113.7") for n in range(5)]
        assert [socket.status for socket in found] == [101, 101, 429, 429, 429]
        assert "Retry-After: 5\r\n" in found[-1].head
        same = [await come(stage, f"v{n}", address=f"2001:db8::{n}") for n in range(3)]
        assert [socket.status for socket in same] == [101, 101, 429], "a /64 network is one address"
        assert (await come(stage, "bob", address="203.0.113.8")).status == 101
        assert (await come(stage, "local")).status == 101

    with caplog.at_level(logging.WARNING):
        stage = play(tmp_path, act, connections_per_address=2)
    assert limits_of(stage) == {"connections_per_address": 4}
    assert lines(caplog, "connections_per_address") == 2


def test_handshakes_of_one_address_are_limited_but_not_this_machines(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        found = [await come(stage, f"u{n}", address="203.0.113.7") for n in range(4)]
        assert [socket.status for socket in found] == [101, 101, 101, 429]
        assert [(await come(stage, f"l{n}")).status for n in range(6)] == [101] * 6

    stage = play(tmp_path, act, handshakes_per_second=0.01, handshake_burst=3)
    assert limits_of(stage) == {"handshakes_per_address": 1}


def test_too_many_connections_are_refused_with_503_before_the_upgrade(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        found = [await come(stage, f"u{n}") for n in range(4)]
        assert [socket.status for socket in found] == [101, 101, 101, 503]
        assert "Retry-After: 5\r\n" in found[-1].head
        await found[0].is_in()

    stage = play(tmp_path, act, connections=3)
    assert limits_of(stage) == {"connections": 1}


def test_0_turns_each_limit_off(tmp_path: Path) -> None:
    off = ("sockets_per_room", "sockets_per_user", "connections_per_address", "connections")
    limits = dict.fromkeys([*off, "failed_logins_per_minute", "handshakes_per_second"], 0)

    async def act(stage: Stage) -> None:
        found = [await come(stage, "ann", address="203.0.113.7") for _ in range(30)]
        assert {socket.status for socket in found} == {101}
        await asyncio.gather(*(socket.is_in() for socket in found))

    assert limits_of(play(tmp_path, act, **limits)) == {}


def test_connections_leave_descriptors_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def allow(soft: int) -> None:
        monkeypatch.setattr(edge_module.resource, "getrlimit", lambda _: (soft, soft))

    found = {}
    for soft in (64, 256, 1024, 20_000, resource.RLIM_INFINITY):
        allow(soft)
        found[soft] = affordable()
    assert list(found.values()) == [48, 192, 960, 19_936, (1 << 20) - 64]


@pytest.mark.long
def test_failed_logins_are_answered_late_and_a_good_token_never(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(stage: Stage, address: str) -> float:
        now = asyncio.get_running_loop().time
        began = now()
        code, _ = await (await come(stage, "eve", address=address, token="forged")).ends_with()
        assert code == 4001
        return now() - began

    async def act(stage: Stage) -> None:
        for _ in range(5):
            assert await fail(stage, "203.0.113.7") < 0.2
        late = await asyncio.gather(*(fail(stage, "203.0.113.7") for _ in range(4)))
        assert min(late) >= 0.25
        assert max(late) >= 1.0, "each one waits longer"
        began = asyncio.get_running_loop().time()
        waiting = asyncio.gather(*(fail(stage, "203.0.113.7") for _ in range(3)))
        await (await come(stage, "ann", address="203.0.113.7")).is_in()
        assert asyncio.get_running_loop().time() - began < 0.25, "somebody else's failures made it wait"
        assert await fail(stage, "203.0.113.8") < 0.2
        await waiting

    with caplog.at_level(logging.INFO):
        stage = play(tmp_path, act, failed_logins_per_minute=5)
    assert limits_of(stage) == {"failed_logins": 7}
    assert lines(caplog, "failed_logins") == 1
    assert caplog.text.count(": refused: ") == 2, "one line per address and minute"


def test_failed_calls_of_the_api_are_slowed_too(tmp_path: Path) -> None:
    async def call(stage: Stage, token: str) -> tuple[int, float]:
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        head = f"GET /api/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return int(answer.split()[1]), asyncio.get_running_loop().time() - began

    async def act(stage: Stage) -> None:
        for _ in range(3):
            assert await call(stage, "forged") == (401, pytest.approx(0, abs=0.2))
        status, seconds = await call(stage, "forged")
        assert (status, seconds >= 0.25) == (401, True)
        status, seconds = await call(stage, stage.token("ann"))
        assert (status, seconds < 0.2) == (200, True)

    assert limits_of(play(tmp_path, act, failed_logins_per_minute=3)) == {"failed_logins": 1}


def test_nothing_is_counted_any_more_when_all_have_left(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        found = [await come(stage, f"u{n % 3}", address=f"203.0.113.{n}") for n in range(12)]
        found += [await come(stage, "eve", token="forged") for _ in range(3)]
        shared = stage.connections
        assert shared.edge.connections >= 12
        for socket in found:
            await socket.leaves()
        await until(lambda: not (shared.edge.connections or len(shared.edge.sockets)), 10, "all left")
        assert shared.edge._networks == {}

    play(tmp_path, act)


def test_the_limits_are_metrics(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        for n in range(3):
            await come(stage, f"u{n}", address="203.0.113.7")
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        head = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
        text = (await reader.read()).decode()
        writer.close()
        assert 'tornchat_limits_exceeded_total{limit="connections_per_address"} 2.0' in text

    play(tmp_path, act, connections_per_address=1)
