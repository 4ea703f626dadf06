"""Feels a server's pulse from a process of its own: how long its loop leaves a ping without an answer."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stage import Stage
from tornchat.client.websocket import masked_frame
from tornchat.wire.framing import PING, PONG

EVERY_SECONDS = 0.02


class Pulse:
    """`seconds` are those from each ping to its pong, once it has ended."""

    def __init__(self) -> None:
        self.seconds: list[float] = []


@contextmanager
def pulse(stage: Stage, room: str) -> Iterator[Pulse]:
    """Ping the server all the while, as a client in a room where nobody else is."""
    found = Pulse()
    command = [sys.executable, "-m", "tests.pulse", str(stage.port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(stage.handshake("pulse", room, 3600))
    process.stdin.flush()
    assert process.stdout.readline() == b"in\n"
    try:
        yield found
    finally:
        out, _ = process.communicate(timeout=30)
        found.seconds = [float(line) for line in out.split()]


def _feel(port: int) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sys.stdin.buffer.readline()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(30)
        connection.sendall(head)
        print("in", flush=True)
        while not _ended():
            print(f"{_beat(connection):.6f}", flush=True)
            time.sleep(EVERY_SECONDS)


def _beat(connection: socket.socket) -> float:
    mark = str(time.perf_counter()).encode()[:20]
    began = time.perf_counter()
    connection.sendall(masked_frame(PING, mark) + masked_frame(PONG, b""))  # which answers its pings
    heard = b""
    while bytes((0x80 | PONG, len(mark))) + mark not in heard:
        data = connection.recv(65536)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        heard = heard[-64:] + data
    return time.perf_counter() - began


def _ended() -> bool:
    """True once nobody needs this any more: stdin is closed."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    _feel(int(sys.argv[1]))
