"""A user who sends as fast as the server reads, over one or many connections, from a process of its own."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stage import Stage
from tornchat.client.websocket import masked_frame
from tornchat.wire.framing import TEXT

BATCH = b"".join(masked_frame(TEXT, b'{"message":"flood %d"}' % number) for number in range(500))


@contextmanager
def flood(stage: Stage, room: str, connections: int) -> Iterator[None]:
    """Flood the room as the user `flooder` until the block ends."""
    command = [sys.executable, "-m", "tests.flood", str(stage.port), str(connections)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(stage.handshake("flooder", room, 3600))
    process.stdin.flush()
    assert process.stdout.readline() == b"in\n"
    try:
        yield
    finally:
        process.communicate(timeout=30)


def _flood(port: int, connections: int) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sys.stdin.buffer.readline()
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(head)
        assert connection.recv(12).endswith(b"101")
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, memoryview(BATCH))
    print("in", flush=True)
    os.nice(10)  # the neighbour whose time is measured runs on the same core
    while _round(selector):
        pass


def _round(selector: selectors.BaseSelector) -> bool:
    """Serve the sockets that are ready; return False once nobody needs the flood any more."""
    for key, events in selector.select():
        if key.fileobj is sys.stdin:
            return False
        assert isinstance(key.fileobj, socket.socket)
        if events & selectors.EVENT_READ and not key.fileobj.recv(1 << 20):
            raise ConnectionResetError("the server closed a connection of the flooder")
        if events & selectors.EVENT_WRITE:
            rest = key.data[key.fileobj.send(key.data) :] or memoryview(BATCH)
            selector.modify(key.fileobj, selectors.EVENT_READ | selectors.EVENT_WRITE, rest)
    return True


if __name__ == "__main__":
    _flood(int(sys.argv[1]), int(sys.argv[2]))
