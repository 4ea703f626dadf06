"""What stands between a user and the nodes, as a load balancer does. It can be slammed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random


class Door:
    """One user's way in. `node` is the number of the node that the last connection went to."""

    def __init__(self, ports: list[int], chance: Random) -> None:
        self.port = 0
        self.node = 0
        self._ports = ports
        self._chance = chance
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def slam(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lead a connection to a node that listens, tried in any order."""
        for node in self._chance.sample(range(len(self._ports)), len(self._ports)):
            try:
                from_node, to_node = await asyncio.open_connection("127.0.0.1", self._ports[node])
            except OSError:
                continue
            self.node = node
            self._writers |= {writer, to_node}
            self._pipe(reader, to_node)
            self._pipe(from_node, writer)
            return
        writer.transport.abort()

    def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_pass(source, sink))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        self.slam()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


@asynccontextmanager
async def door(ports: list[int], chance: Random) -> AsyncIterator[Door]:
    """A door before nodes on these ports."""
    opened = Door(ports, chance)
    server = await asyncio.start_server(opened.accept, "127.0.0.1", 0)
    opened.port = server.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        server.close()
        await opened.close()
