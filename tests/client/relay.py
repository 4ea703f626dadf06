"""A relay between a client and its server, which can lose frames, cut within a frame, or stall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.stage import Stage
from tornchat.wire.framing import frame_length


class Relay:
    """`loses` says of a server's frame whether it is lost; `cuts_after` bytes more, both ends are cut.

    `kill_silently` ends the paths of the connections that are there: nothing more passes, and nothing closes.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.loses: Callable[[bytes], bool] = lambda frame: False
        self.cuts_after: int | None = None
        self.connections = 0
        self.heads: list[bytes] = []
        """What each client wrote to shake hands."""
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def leads_to(self, stage: Stage) -> None:
        """From now on connections go to another server."""
        self._target = stage.port

    def kill_silently(self) -> None:
        """Let nothing more pass on the connections that are there, either way. New ones are as before."""
        self._dead.update(self._writers)

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        self._dead.clear()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to_server}
        for work in (self._up(reader, to_server), self._down(from_server, writer)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            writer.write(head)
            while data := await reader.read(65536):
                if writer not in self._dead:
                    writer.write(data)
        except (OSError, asyncio.IncompleteReadError):
            pass
        if writer not in self._dead:
            writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await reader.readuntil(b"\r\n\r\n"))
            rest = b""
            while data := await reader.read(65536):
                rest += data
                while (length := frame_length(rest)) and length <= len(rest):
                    frame, rest = rest[:length], rest[length:]
                    self._pass(frame, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    def _pass(self, frame: bytes, writer: asyncio.StreamWriter) -> None:
        if writer in self._dead or self.loses(frame):
            return
        if self.cuts_after is None:
            writer.write(frame)
        elif len(frame) < self.cuts_after:
            self.cuts_after -= len(frame)
            writer.write(frame)
        else:
            writer.write(frame[: self.cuts_after])
            self.cuts_after = None
            asyncio.get_running_loop().call_later(0.05, self.cut)  # so that the half frame arrives

    async def close(self) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


@asynccontextmanager
async def relay(stage: Stage) -> AsyncIterator[Relay]:
    """A relay before a server."""
    between = Relay(stage.port)
    server = await asyncio.start_server(between.accept, "127.0.0.1", 0)
    between.port = server.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        server.close()
        await between.close()
