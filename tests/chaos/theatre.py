"""The theatre that falls apart: nodes in processes of their own, one PostgreSQL, one Valkey."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from tests.chaos.record import extras
from tests.nodes import SECRET, node_options
from tests.postgres import PostgresServer, postgres_server
from tests.proxy import Proxy, proxy
from tests.stage import Process, Stage
from tests.valkey import Valkey, free_port, valkey
from tornchat import Replies
from tornchat.marks import Mark, Tallies

LEASE = 3.0
START_SECONDS = 30.0


class Node:
    """One `tornchat serve`, with the same port each time it is started, and a proxy before its Redis."""

    def __init__(self, folder: Path, redis: Proxy, database: str) -> None:
        self.port = free_port()
        self.redis = redis
        self._data_dir = folder / "data"
        self._options = [
            *node_options(redis, self._data_dir, LEASE),
            *("--port", str(self.port), "--set", f"peewee.url={database}"),
            *("--set", "server.drain_seconds=1"),
        ]
        self._process: Process | None = None

    @property
    def log(self) -> Path:
        """What it wrote to stderr."""
        return self._data_dir.parent / "server.log"

    async def start(self) -> None:
        """Start it, as a supervisor does: again and again while Redis or the database is away."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    self._process = await asyncio.to_thread(Process, self._data_dir, *self._options)
                    return
                except AssertionError:
                    await asyncio.sleep(0.2)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.process.send_signal(number)

    def end(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None and self._process.process.poll() is None:
            self._process.kill()


class Theatre:
    """All that can break."""

    def __init__(self, nodes: list[Node], redis: Valkey, postgres: PostgresServer, database: str) -> None:
        self.nodes = nodes
        self.redis = redis
        self.postgres = postgres
        self._database = database

    def stage(self, node: int) -> Stage:
        """A node as other tests know it."""
        return Stage(self.nodes[node].port, SECRET)

    def log(self) -> list[tuple[int, str, str, str, int]]:
        """The room's log: place, sender, the sender's id, text, and the place of what it acts on, or 0."""
        here = "JOIN room ON room.id = room_id WHERE room.name = 'hall'"
        sql = (
            f"SELECT seq, sender_id, COALESCE(client_id, ''), text, 0 FROM message {here} UNION ALL "
            f"SELECT seq, sender_id, COALESCE(client_id, ''), text, target FROM act {here} ORDER BY 1"
        )
        return self.postgres.execute(sql, self._database)  # type: ignore[return-value]

    def said(self) -> dict[int, list[object]]:
        """What the messages of the room say beyond their texts: place -> `extras`."""
        sql = (
            "SELECT seq, reply_to, message.thread, meta, marks, count, last_seq FROM message "
            "JOIN room ON room.id = room_id LEFT JOIN thread ON thread.room_id = room.id AND root = seq "
            "WHERE room.name = 'hall'"
        )
        found: dict[int, list[object]] = {}
        for seq, reply_to, thread, meta, marks, *replies in self.postgres.execute(sql, self._database):
            about = None if meta is None else json.loads(meta)
            tallies = msgspec.json.decode(marks or "{}", type=Tallies)
            counted = None if None in replies else Replies(*replies)
            found[seq] = extras(reply_to, thread, about, counted, tallies)
        return found

    def tokens(self) -> dict[int, tuple[str, ...]]:
        """The marks of the room's log, as far as their messages are there: place -> the sender's tokens."""
        sql = (
            "SELECT seq, mark FROM act JOIN room ON room.id = room_id "
            "WHERE room.name = 'hall' AND act.kind = 'reaction'"
        )
        rows = self.postgres.execute(sql, self._database)
        return {seq: msgspec.json.decode(mark or "{}", type=Mark).tokens for seq, mark in rows}


@asynccontextmanager
async def open_theatre(folder: Path, count: int) -> AsyncIterator[Theatre]:
    """A whole one, gone afterwards whatever state it is in."""
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(valkey())
        postgres = stack.enter_context(postgres_server())
        database = postgres.new_place()
        nodes = []
        for number in range(count):
            sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="px-")))
            between = await stack.enter_async_context(proxy(redis.url.removeprefix("unix://"), sockets))
            node = Node(folder / f"node{number}", between, database)
            stack.callback(node.end)
            nodes.append(node)
        await nodes[0].start()  # makes the tables
        await asyncio.gather(*(node.start() for node in nodes[1:]))
        yield Theatre(nodes, redis, postgres, database)
