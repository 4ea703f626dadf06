"""A path between a browser and its server that can die without a sign, as on a change of the network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Path:
    """Passes bytes both ways, in a thread of its own."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._loop = asyncio.new_event_loop()
        self._streams: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.address = ""

    def dies(self) -> None:
        """Let nothing more pass on the connections that are there; none is closed. New ones are as before."""
        self._loop.call_soon_threadsafe(lambda: self._dead.update(self._streams))

    def opens(self) -> None:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._accept, "127.0.0.1", 0), self._loop
        ).result()
        self._server = server
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def closes(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._target)
        self._streams |= {writer, to_server}
        for work in (self._pass(reader, to_server), self._pass(from_server, writer)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if sink not in self._dead:
                    sink.write(data)
        except OSError:
            pass
        if sink not in self._dead:
            sink.close()

    async def _close(self) -> None:
        self._server.close()
        for stream in self._streams:
            stream.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextmanager
def path_to(address: str) -> Iterator[Path]:
    """A path to a server."""
    path = Path(address)
    path.opens()
    try:
        yield path
    finally:
        path.closes()
