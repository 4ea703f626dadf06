"""How late members see the pieces of streamed messages, and what such a message costs on disk.

    python -m bench.streaming [--postgres URL]

Prints the time from `append` to the frame at each of 200 members at 100 pieces a second, the same for 50
answers at once at 25 pieces a second each, and how much the database grows by messages that are closed.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from typing import cast

import click
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from bench.limits import LIFTED
from tornchat import ChatApp, User

MEMBERS = 200
SECONDS = 15
WARM_SECONDS = 2.0
PIECE = "a word and another one, and so on, as models write them: " + "x" * 7
"""64 characters."""


def chat_in(place: str, url: str | None) -> ChatApp:
    """Return a chat without limits."""
    sections: dict[str, dict[str, object]] = {"tornchat": {"data_dir": place}}
    for key in LIFTED:
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = 0
    if url is not None:
        sections["peewee"] = {"url": url}
    return ChatApp(sections)


class Member(asyncio.Protocol):
    """A v1 client that notes how late each piece comes. It reads no frames, which would cost more."""

    def __init__(self, path: str, token: str, seen: list[float]) -> None:
        self._head = (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: tornchat.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        self._seen = seen
        self.welcomed = asyncio.Event()
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._head.encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._seen += [(now - float(sent)) * 1000 for sent in FIRST_SENT(data)]
        if b'"caught_up"' in data:
            self.welcomed.set()
        if b"the end" in data:
            self.ended.set()


FIRST_SENT = re.compile(rb'"message":"\|([0-9.]+)\|').findall
"""When the first piece of each frame was sent: those that met in the queue came later."""


async def listen(port: int, room: str, token: str, count: int) -> None:
    """Hear everything until the end, then print how late it was."""
    loop, seen = asyncio.get_running_loop(), list[float]()
    members = [
        (await loop.create_connection(lambda: Member(f"/ws/chat/{room}/", token, seen), "127.0.0.1", port))[1]
        for _ in range(count)
    ]
    for member in members:
        await member.welcomed.wait()
    print("ready", flush=True)
    for member in members:
        await member.ended.wait()
    print(json.dumps(seen))


async def lateness(
    chat: ChatApp, port: int, room: str, members: int, answers: int, rate: float
) -> list[float]:
    """Return how late each piece was at each member, in ms, with so many answers at once at this rate."""
    token = chat.issue_token(User("ann", "ann"))
    code = f"import asyncio, bench.streaming as b; asyncio.run(b.listen({port}, '{room}', "
    command = (sys.executable, "-c", f"{code}input(), {members}))")
    pipe = asyncio.subprocess.PIPE
    client = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=2**28)
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(token.encode() + b"\n")
    assert await client.stdout.readline() == b"ready\n"
    await asyncio.gather(*(answer(chat, room, number, rate, answers) for number in range(answers)))
    await chat.say(room, "the end", sender=User("ann", "ann"))
    seen: list[float] = json.loads(await client.stdout.readline())
    await client.wait()
    return seen[int(len(seen) * WARM_SECONDS / (SECONDS + WARM_SECONDS)) :]


async def answer(chat: ChatApp, room: str, number: int, rate: float, count: int) -> None:
    """Write an answer at this rate; the answers do not write at the same time."""
    loop = asyncio.get_running_loop()
    began = loop.time() + number / rate / count
    async with chat.stream(room, sender=User(f"bot{number}", "bot")) as stream:
        await stream.write("begin")
        for piece in range(int(rate * (SECONDS + WARM_SECONDS))):
            await asyncio.sleep(max(0.0, began + piece / rate - loop.time()))
            await stream.write(f"|{time.time()}|{PIECE}")


async def written(chat: ChatApp, pieces: int, text: str) -> int:
    """Stream a message, and return its size in bytes."""
    async with chat.stream("den", sender=User("bot", "bot")) as stream:
        for _ in range(pieces):
            await stream.write(text)
    return pieces * len(text)


def used(database: Path) -> int:
    """Return the bytes of the database's pages that are in use."""
    with closing(sqlite3.connect(database)) as checked:
        checked.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        names = ("page_count", "freelist_count", "page_size")
        count, free, size = (checked.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        return int((count - free) * size)


def told(name: str, late: list[float], bound: float) -> None:
    """Print a line of figures."""
    p99 = quantiles(late, n=100)[98]
    click.echo(f"{name}: p50 {median(late):.1f} ms, p99 {p99:.1f} ms (bound {bound:g}), {len(late)} seen")


async def run(url: str | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        chat = chat_in(place, url)
        await chat.start()
        for room in ("tea", "cup", "den"):
            await chat.create_room(room, by=User("ann", "ann"))
        [listener] = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(await chat.application())
        server.add_socket(listener)
        port = listener.getsockname()[1]
        told("100 appends/s to 200 members", await lateness(chat, port, "tea", MEMBERS, 1, 100.0), 25.0)
        told("50 answers at 25 pieces/s to 20 members", await lateness(chat, port, "cup", 20, 50, 25.0), 50.0)
        if url is None:
            await grown(chat, Path(place) / "tornchat.db")
        server.stop()
        await chat.close()


async def grown(chat: ChatApp, database: Path) -> None:
    """Print what streamed messages of several kinds cost on disk after they are closed."""
    for pieces, text in ((4_000, PIECE), (4_000, "token "), (1_000, PIECE * 4)):
        before = used(database)
        size = await written(chat, pieces, text)
        grown_by = used(database) - before
        bound = 2 * size + 100 * pieces
        click.echo(f"{pieces} pieces of {len(text)} B: the file has {grown_by} B more (bound {bound})")


@click.command()
@click.option("--postgres", help="URL of a PostgreSQL database, in the place of SQLite.")
def main(postgres: str | None) -> None:
    """Print the figures."""
    asyncio.run(run(postgres))


if __name__ == "__main__":
    main()
