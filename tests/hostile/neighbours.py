"""Clients that talk on while others misbehave, and a raw client that misbehaves."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from tests.figures import seconds_without_cpu
from tests.nodes import SECRET, node_options
from tests.stage import Player, Process, Stage, serving
from tests.valkey import Valkey, valkey
from tornchat.wire.framing import CLOSE

PATIENCE = 1.0
"""Seconds within which a neighbour has its answer, whatever somebody else sends.

The time in which the server or this process waits for a CPU does not count.
"""
GIVEN_UP = 10.0
"""Seconds after which an answer is not waited for any more."""
PAUSE = 0.02
NEWS = frozenset({"welcome", "room_users_list", "user_join", "user_leave", "caught_up"})
"""The frames that are no entries of the log."""
ENTRIES = {"chat_message": "seq", "message_changed": "position", "message_deleted": "position"}
"""The frames that are, and where their place is."""
Result = TypeVar("Result")


class Neighbour:
    """Says one thing after the other, and fails if an answer is late or anything is lost."""

    def __init__(self, player: Player, server: int) -> None:
        """`server` is the server's process id."""
        self._pids = (server, os.getpid())
        self.said = 0
        self.slowest = 0.0
        self._player = player
        self._seq = 0
        self._acks: dict[str, asyncio.Future[None]] = {}

    async def listen(self) -> None:
        """Take frames until cancelled. The room's log has no gaps, so a frame that is missing shows."""
        while True:
            frame = json.loads(await self._player.receive())
            kind = frame.get("type")
            if kind in ENTRIES:
                place = frame[ENTRIES[kind]]
                assert place == self._seq + 1, f"{place} came after {self._seq}"
                self._seq = place
            elif kind == "ack":
                self._acks.pop(frame["id"]).set_result(None)
            else:
                assert kind in NEWS, frame

    async def speak(self) -> None:
        """Say something and wait for the answer."""
        loop = asyncio.get_running_loop()
        self.said += 1
        client_id = f"{self._player.name}-{self.said}"
        answer = self._acks[client_id] = loop.create_future()
        began = loop.time() + seconds_without_cpu(*self._pids)
        await self._player.says(f"text {client_id}", client_id)
        await asyncio.wait([answer], timeout=GIVEN_UP)
        took = loop.time() - seconds_without_cpu(*self._pids) - began
        assert answer.done(), f"{client_id} had no answer within {GIVEN_UP} s"
        assert took < PATIENCE, f"{client_id} had no answer within {PATIENCE} s"
        self.slowest = max(self.slowest, took)


class House:
    """One running server, with a neighbour in the room of the intruders and one in another room."""

    def __init__(self, server: Process, bus: Valkey, runner: asyncio.Runner, key: str) -> None:
        self.server, self.bus, self.stage = server, bus, server.stage
        self.stage.key = key
        self._runner = runner
        self.neighbours: list[Neighbour] = runner.run(self._enter())

    async def _enter(self) -> list[Neighbour]:
        rooms = {"near": "hall", "far": "garden"}
        return [
            Neighbour(await self.stage.enters(name, room, v1=True), self.server.process.pid)
            for name, room in rooms.items()
        ]

    def play(self, act: Callable[[Stage], Coroutine[Any, Any, Result]]) -> Result:
        """Run `act` while the neighbours talk. Fails if one of them notices anything."""
        return self._runner.run(self._play(act))

    async def _play(self, act: Callable[[Stage], Coroutine[Any, Any, Result]]) -> Result:
        acting = asyncio.create_task(act(self.stage))
        others = [asyncio.create_task(one.listen()) for one in self.neighbours]
        others += [asyncio.create_task(self._talk(one, acting)) for one in self.neighbours]
        try:
            await self._all(others)
            return await acting
        finally:
            for task in (acting, *others):
                task.cancel()
            await asyncio.wait((acting, *others))

    async def _all(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Wait until nobody talks any more, or until somebody fails."""
        talking = set(tasks[len(self.neighbours) :])
        while not all(task.done() for task in talking):
            await asyncio.wait(
                {task for task in tasks if not task.done()}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in tasks:
                if task.done():
                    task.result()

    async def _talk(self, neighbour: Neighbour, acting: asyncio.Task[Result]) -> None:
        while not acting.done():
            await neighbour.speak()
            await asyncio.wait([acting], timeout=PAUSE)
        await neighbour.speak()  # once more, after it

    def leave(self) -> None:
        """Close the neighbours' connections."""
        self._runner.run(self.stage.clear())


@contextmanager
def house(directory: Path, *options: str, key: str = SECRET) -> Iterator[House]:
    """The server has a bus, on which anybody may speak. Nothing that it logs is a traceback."""
    with valkey() as bus, asyncio.Runner() as runner:
        given = node_options(bus, directory / "data", 15)
        (directory / "data" / "jwt.key").write_text(key)
        given += [word for option in options for word in ("--set", option)]
        with serving(directory / "data", *given) as server:
            built = House(server, bus, runner, key)
            yield built
            built.leave()
            assert server.stop() == 0
    log = (directory / "server.log").read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
    assert all(character.isprintable() or character == "\n" for character in log)


class Raw:
    """A client that writes whatever bytes it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def status(self) -> int:
        """The status of the answer to what was sent, whose head is read; 0 if there is none."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            async with asyncio.timeout(15):
                head = await self.reader.readuntil(b"\r\n\r\n")
                return int(head.split()[1])
        return 0

    async def frame(self) -> tuple[int, bytes]:
        """The next frame's first byte and payload."""
        first, length = await self.reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
        return first, await self.reader.readexactly(length)

    async def is_closed(self) -> int:
        """The code of the close frame; 1006 if there is none. What comes before it is passed over."""
        try:
            async with asyncio.timeout(15):
                while True:
                    first, payload = await self.frame()
                    if first & 15 == CLOSE:
                        return int.from_bytes(payload[:2]) if payload else 1005
        except (ConnectionError, asyncio.IncompleteReadError):
            return 1006

    async def send(self, data: bytes) -> None:
        """Write, as far as the server still reads."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()


@asynccontextmanager
async def raw(stage: Stage, head: bytes) -> AsyncIterator[Raw]:
    """A connection on which these bytes have been sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    client = Raw(reader, writer)
    try:
        await client.send(head)
        yield client
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def head(stage: Stage, user: str, room: str, *more: str) -> bytes:
    """A good handshake with more headers."""
    added = "".join(f"{line}\r\n" for line in more)
    return stage.handshake(user, room)[:-2] + f"{added}\r\n".encode("utf-8", "surrogateescape")
