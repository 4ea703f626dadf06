"""P17: whatever clients do, no line of the log holds a token, a key, a password or what was said."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.cli.process import serving
from tests.stage import V1, Stage
from tornchat.cli.logs import FORMAT, MOST_LINES, QUIET_SECONDS, JsonLine, OneLine, Seldom

KEY = "k3y-" * 16
SAID = "what was said in private"
PASSWORD = "passw0rd-of-the-proxy"


async def hostile(stage: Stage) -> list[str]:
    """Do what must show in the log, with secrets wherever a client can put one; gives those secrets."""
    good, other = stage.token("romeo"), stage.token("tybalt")
    forged = good[:-6] + "AAAAAA"
    romeo = await stage.enters("romeo", "verona", token=good)
    await romeo.says(SAID)
    await romeo.hears()
    for number in range(3):
        await romeo.says(f"{SAID} {number} " + "x" * 50)
    await romeo.next_of("error")
    await romeo.leaves()
    await refused(stage, "")
    await refused(stage, f"?token={forged}")
    await refused(stage, f"?token={good}&token={other}")
    await refused(stage, "?token=" + "s3cret-" * 20)
    await refused(stage, "", headers={"Authorization": f"Bearer {stage.token('late', -60)}"})
    await refused(stage, "", headers={"Authorization": f"Bearer {other} trailing"})
    await refused(stage, "", subprotocols=[V1, f"bearer.{forged}"])
    await refused(stage, f"?token={good}", headers={"Origin": f"https://x/?token={good}"})
    await refused(stage, "", headers={"Origin": f"https://chat:{PASSWORD}@evil.example"})
    offers = {"Origin": "https://evil.example", "Authorization": f"Bearer {good}", "Cookie": f"s={other}"}
    await refused(stage, f"?token={other}", headers=offers, subprotocols=[V1, f"bearer.{other}"])
    await refused(stage, f"?token={good}", room="%0d%0aFAKE")
    await raw(stage, b"GET /?token=" + good.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    await raw(stage, stage.handshake("mercutio", "verona") + b"\x81\x05" + SAID.encode())
    return [good, other, forged, "s3cret-s3cret", KEY, PASSWORD, SAID, good.split(".")[2]]


async def refused(
    stage: Stage,
    query: str,
    room: str = "verona",
    headers: dict[str, str] | None = None,
    subprotocols: list[str] | None = None,
) -> None:
    uri = f"ws://127.0.0.1:{stage.port}/ws/chat/{room}/{query}"
    try:
        async with connect(
            uri, additional_headers=headers, subprotocols=subprotocols, proxy=None, origin=None
        ) as socket:
            await socket.recv()
    except WebSocketException:
        pass


async def raw(stage: Stage, data: bytes) -> None:
    """Send bytes, and wait until the server has answered and closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    writer.write(data)
    writer.write_eof()
    await reader.read()
    writer.close()


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_in_any_line_of_the_log(tmp_path: Path, form: str) -> None:
    (tmp_path / "key").write_text(KEY)
    options = ["log_format=" + form, "log_level=debug"]
    given = [word for option in options for word in ("--set", f"tornchat.{option}")]
    given += ["--set", f"jwt.secret_file={tmp_path / 'key'}", "--set", "limits.message_chars=40"]
    with serving(tmp_path, *given) as (server, address):
        stage = Stage(int(address.split(":")[1]), KEY)
        secrets = asyncio.run(hostile(stage))
        server.process.send_signal(signal.SIGTERM)
        assert server.ends() == 0
    lines = server.stderr.splitlines()
    assert [secret for secret in secrets if any(secret in line for line in lines)] == []
    assert not any(line.startswith("FAKE") for line in lines)
    if form == "json":
        told = [json.loads(line) for line in lines]
        assert all({"time", "level", "logger", "message"} <= line.keys() for line in told)
        wanted = {"connect", "close", "limit", "refused_origin", "auth_failure", "token_refused", "drain"}
        assert wanted <= {line.get("event") for line in told}
        check_facts(told)
    else:
        assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [a-z.]+: ", line) for line in lines)


def check_facts(told: list[dict[str, object]]) -> None:
    """What promises.md has for a connection: who, from where, into what, how it ended, after how long."""
    begin = next(line for line in told if line.get("event") == "connect")
    end = next(
        line for line in told if line.get("event") == "close" and line["connection"] == begin["connection"]
    )
    assert {"user": "romeo", "room": "verona", "ip": "127.0.0.1", "origin": ""}.items() <= begin.items()
    assert {"user": "romeo", "room": "verona", "ip": "127.0.0.1", "code": 1000}.items() <= end.items()
    assert 0 < end["duration"] < 30
    causes = {line["cause"] for line in told if line.get("event") == "auth_failure"}
    assert causes == {"refused", "no_token", "ambiguous"}


def record(message: str, **extra: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "name": "tornchat", "levelname": "INFO", **extra})


def test_what_could_fake_a_line_or_steer_a_terminal_is_written_out() -> None:
    evil = "a\r\nb\x1b[31m\u202e\u2028"
    assert OneLine(FORMAT).format(record(evil)).endswith("a\\r\\nb\\x1b[31m\\u202e\\u2028")
    line = JsonLine().format(record("told", reason=evil))
    assert line.isprintable()
    assert json.loads(line)["reason"] == evil


def test_a_mask_does_not_break_the_json_around_it() -> None:
    line = JsonLine().format(record('GET "/?token=abc" failed', url="redis://me:hunter2@host/0", n=3))
    assert json.loads(line) | {"time": ""} == {
        "time": "",
        "level": "info",
        "logger": "tornchat",
        "message": 'GET "/?token=***" failed',
        "url": "redis://me:***@host/0",
        "n": 3,
    }


def test_lines_of_tornado_that_clients_cause_are_counted_beyond_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as "Malformed HTTP message", for which no login is needed."""
    seldom, passed = Seldom(), []

    def tell(statement: int, at: float, name: str = "tornado.general") -> None:
        one = record("Malformed HTTP message from %s", args=("x",), name=name, lineno=statement, created=at)
        if seldom.filter(one):
            passed.append(one.getMessage())

    for _ in range(100):
        tell(1, 1000.0)
    assert len(passed) == MOST_LINES
    tell(2, 1000.0)
    tell(1, 1000.0 + QUIET_SECONDS)
    assert len(passed) == MOST_LINES + 2
    assert passed[-1] == "Malformed HTTP message from x (80 more lines like this were left out)"
    for _ in range(100):
        tell(1, 2000.0, "tornchat.audit")
    assert len(passed) == MOST_LINES + 102, "lines of the chat have bounds of their own"
