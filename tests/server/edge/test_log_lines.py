"""What nobody's user can do any number of times is one line a minute, and a count of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.stage import Stage, open_stage
from tornchat import ChatApp

TIMES = 30


def raw(stage: Stage, method_and_path: str, version: str = "HTTP/1.1", *headers: str) -> bytes:
    lines = [f"{method_and_path} {version}", f"Host: 127.0.0.1:{stage.port}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def upgrade(
    stage: Stage, *headers: str, version: str = "HTTP/1.1", key: str = "dGhlIHNhbXBsZSBub25jZQ=="
) -> bytes:
    own = ("Upgrade: websocket", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
    return raw(stage, "GET /ws/chat/hall/", version, *own, *headers).replace(b": close", b": Upgrade")


FOREIGN = "Origin: https://evil.example"
FLOODS: dict[str, Callable[[Stage], bytes]] = {
    "a foreign page opens a WebSocket": lambda stage: upgrade(stage, FOREIGN),
    "a foreign page calls": lambda stage: raw(stage, "GET /api/me", "HTTP/1.1", FOREIGN),
    "a WebSocket over HTTP/1.0": lambda stage: upgrade(stage, version="HTTP/1.0"),
    "a WebSocket by POST": lambda stage: upgrade(stage).replace(b"GET", b"POST"),
    "a handshake with a bad key": lambda stage: upgrade(stage, key="short"),
    "a path that is not there": lambda stage: raw(stage, "GET /wp-login.php"),
    "a path that is not there in the API": lambda stage: raw(stage, "GET /api/nothing"),
    "a method that is not there": lambda stage: raw(stage, "DELETE /healthz"),
    "no token": upgrade,
    "a bad token": lambda stage: upgrade(stage, "Authorization: Bearer forged"),
    "a call without a token": lambda stage: raw(stage, "GET /api/me"),
    "a call with a bad token": lambda stage: raw(stage, "GET /api/me", "HTTP/1.1", "Authorization: Bearer x"),
    "a broken frame": lambda stage: upgrade(stage) + b"\xff\xff\xff\xff",
}


async def send(stage: Stage, data: bytes) -> None:
    """Send `data`, and wait until the server has answered and closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    try:
        writer.write(data)
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " in head:
                await reader.readuntil(b"\x88")  # the close frame
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def told(records: list[logging.LogRecord]) -> list[str]:
    return [
        one.getMessage() for one in records if one.name.startswith("tornchat") and one.levelno >= logging.INFO
    ]


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_a_few_lines_and_a_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, flood: str
) -> None:
    async def run() -> int:
        limits = {"failed_logins_per_minute": 0}
        async with open_stage(tmp_path, {"limits": limits}) as stage:
            await send(stage, FLOODS[flood](stage))
            await asyncio.sleep(0)
            first = len(told(caplog.records))
            for _ in range(TIMES):
                await send(stage, FLOODS[flood](stage))
            lines = len(told(caplog.records)) - first
            stage.connections.edge.offenders.sum_up()
            return lines

    with caplog.at_level(logging.INFO):
        lines = asyncio.run(run())
    assert lines <= 2, told(caplog.records)
    counted = [vars(one)["lines"] for one in caplog.records if vars(one).get("event") == "left_out"]
    assert all(TIMES - 2 <= count <= TIMES + 1 for count in counted), counted


def test_a_fault_of_the_server_that_anybody_can_cause_is_one_traceback_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*args: object) -> None:
        raise RuntimeError("a fault of the server")

    monkeypatch.setattr("tornchat.server.ws.handshake.origin_allowed", breaks)

    async def run() -> None:
        async with open_stage(tmp_path) as stage:
            for _ in range(5):
                await send(stage, upgrade(stage))
                await send(stage, raw(stage, "GET /api/me"))

    with caplog.at_level(logging.INFO):
        asyncio.run(run())
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_the_counts_are_logged_each_minute(tmp_path: Path) -> None:
    async def run() -> None:
        chat = ChatApp({"tornchat": {"data_dir": str(tmp_path)}})
        await chat.start()
        names = [task.get_name() for task in asyncio.all_tasks()]
        await chat.close()
        assert names.count("left out") == 2, "one for connections, one for users"

    asyncio.run(run())
