"""A proxy between a node and its server, which delays, loses or cuts off what passes, as a test asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Proxy:
    """Both ends are Unix sockets. While `swallows`, what the server sends is lost, and no socket closes.

    `delay` is in seconds, for each read of what the server sends.
    """

    def __init__(self, target: str, path: str) -> None:
        self.url = f"unix://{path}"
        self.swallows = False
        self.delay = 0.0
        self._target = target
        self._path = path
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._accept, self._path)

    def cut(self) -> None:
        """Hang up on both sides of every connection."""
        for writer in self._writers:
            writer.close()

    async def close(self) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, to_server}
        for work in (self._pass(reader, to_server, False), self._pass(from_server, writer, True)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, down: bool) -> None:
        try:
            while data := await source.read(65536):
                if down and self.delay:
                    await asyncio.sleep(self.delay)
                if not (down and self.swallows):
                    sink.write(data)
                    await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


@asynccontextmanager
async def proxy(target: str, directory: Path) -> AsyncIterator[Proxy]:
    """A proxy before the Unix socket `target`."""
    between = Proxy(target, str(directory / "proxy.sock"))
    server = await between.serve()
    try:
        yield between
    finally:
        server.close()
        await between.close()
