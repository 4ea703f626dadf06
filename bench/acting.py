"""What code in the process costs the server: `say` beside a WebSocket, and a durable consumer.

    python -m bench.acting

Prints the CPU time per message, and how late a consumer takes messages that come at 1,000 a second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from statistics import median, quantiles

import click
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.limits import LIFTED
from tornchat import Batch, ChatApp, Consumer, User, hookimpl

ANN = User("ann", "ann")
IN_FLIGHT = 64
COUNT = 4_000
ROUNDS = 5
RATE, SECONDS = 1_000, 10


class Reader:
    """A consumer that does nothing but note how late it is, in ms."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._news = asyncio.Event()

    async def has(self, count: int) -> None:
        """Wait until it has taken so many entries."""
        while len(self.late) < count:
            self._news.clear()
            await self._news.wait()

    def plugin(self) -> type:
        """Return a plugin that declares it."""
        reader = self

        class Plugin:
            @hookimpl
            def consumers(self) -> Sequence[Consumer]:
                return [Consumer("reader", reader.take)]

        return Plugin

    async def take(self, batch: Batch) -> None:
        now = time.time() * 1000
        self.late += [now - entry.sent_at for entry in batch.entries]
        self._news.set()


def chat_with(place: str, reader: Reader | None) -> ChatApp:
    """Return a chat without limits, with the consumer if there is one."""
    sections: dict[str, dict[str, object]] = {"tornchat": {"data_dir": place}}
    for key in LIFTED:
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = 0
    plugins = {"reader": reader.plugin()} if reader is not None else {}
    sections["tornchat"]["plugins"] = ["jwt", "peewee", "local", *plugins]
    return ChatApp(sections, plugins)


async def says(chat: ChatApp, count: int, room: str = "tea") -> None:
    """Say things in the process, `IN_FLIGHT` at a time."""
    left = iter(range(count))

    async def one() -> None:
        for number in left:
            await chat.say(room, f"message {number}", sender=ANN)

    await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))


async def sends(url: str, token: str, count: int) -> None:
    """Send things over a WebSocket. Runs in a process of its own."""
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(url, subprotocols=[Subprotocol("tornchat.v1")], additional_headers=headers) as socket:
        sent = acknowledged = 0
        while acknowledged < count:
            while sent < count and sent - acknowledged < IN_FLIGHT:
                frame = {"type": "send", "id": f"{token[-8:]}{sent}", "message": f"message {sent}"}
                await socket.send(json.dumps(frame))
                sent += 1
            acknowledged += json.loads(await socket.recv())["type"] == "ack"


async def micros(work: Awaitable[None], count: int) -> float:
    """Return the CPU time of this process per message, in microseconds."""
    began = time.process_time()
    await work
    return (time.process_time() - began) / count * 1e6


async def over_socket(chat: ChatApp, port: int, number: int) -> None:
    """Let another process send over a WebSocket."""
    token = chat.issue_token(User(f"bob{number}", "bob"))
    script = f"import asyncio, bench.acting as b; asyncio.run(b.sends('ws://127.0.0.1:{port}/ws/chat/tea/', "
    command = f"{script}input(), {COUNT}))"
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", command, stdin=asyncio.subprocess.PIPE
    )
    await client.communicate(token.encode())
    assert client.returncode == 0


async def costs(reader: Reader | None) -> tuple[list[float], list[float], list[float]]:
    """Return the microseconds of `say`, of `say` in a room without members, and of a WebSocket, by round."""
    with tempfile.TemporaryDirectory() as place:
        chat = chat_with(place, reader)
        await chat.start()
        await chat.create_room("tea", by=ANN)
        await chat.create_room("empty", by=ANN, private=True)
        [listener] = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(await chat.application())
        server.add_socket(listener)
        said: list[float] = []
        unheard: list[float] = []
        sent: list[float] = []
        await says(chat, COUNT)
        for number in range(ROUNDS):
            said.append(await micros(says(chat, COUNT), COUNT))
            unheard.append(await micros(says(chat, COUNT, "empty"), COUNT))
            port = listener.getsockname()[1]
            sent.append(await micros(over_socket(chat, port, number), COUNT))
        server.stop()
        await chat.close()
        return said, unheard, sent


async def lag() -> tuple[float, float]:
    """Return the median and the 99th percentile of how late a consumer takes messages, in ms."""
    reader = Reader()
    with tempfile.TemporaryDirectory() as place:
        chat = chat_with(place, reader)
        await chat.start()
        await chat.create_room("tea", by=ANN)
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        began, running = loop.time(), []
        for number in range(RATE * SECONDS):
            await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
            running.append(asyncio.ensure_future(chat.say("tea", f"message {number}", sender=ANN)))
        await asyncio.gather(*running)
        await reader.has(len(running))
        await chat.close()
    return median(reader.late), quantiles(reader.late, n=100)[98]


@click.command()
def main() -> None:
    """Print the figures."""
    said, unheard, sent = asyncio.run(costs(None))
    with_reader, _, _ = asyncio.run(costs(Reader()))
    click.echo(f"say in process: {median(said):.0f} us ({min(said):.0f} to {max(said):.0f})")
    click.echo(f"say in a private room without members: {median(unheard):.0f} us")
    click.echo(f"one WebSocket: {median(sent):.0f} us ({min(sent):.0f} to {max(sent):.0f})")
    click.echo(f"messages per CPU-second, say / WebSocket: {median(sent) / median(said):.2f}")
    click.echo(f"the same, in a private room without members: {median(sent) / median(unheard):.2f}")
    click.echo(f"say with a consumer: {median(with_reader):.0f} us, {median(with_reader) / median(said):.2f}")
    middle, late = asyncio.run(lag())
    click.echo(f"lag at {RATE} messages/s: median {middle:.0f} ms, p99 {late:.0f} ms")


if __name__ == "__main__":
    main()
