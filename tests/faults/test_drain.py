"""P14: a stop closes many clients one after another over the drain time, and then ends."""

from __future__ import annotations

import re
import selectors
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.stage import COUNT, Process, serving

CLIENTS = 120 * COUNT or 600
DRAIN_SECONDS = 10 if COUNT else 1
GOODBYE = re.compile(rb"\x03\xe9retry_after=(\d+\.\d)$")


def enter(server: Process, number: int) -> socket.socket:
    """A client that is in, as far as the first thing it is sent."""
    client = socket.create_connection(("127.0.0.1", server.stage.port), timeout=30)
    client.sendall(server.stage.handshake(f"u{number}", f"room{number // 10}"))
    received = b""
    while b"room_users_list" not in received:
        received += client.recv(65536)
    return client


def goodbyes(clients: list[socket.socket], began: float) -> list[float]:
    """When each client was told to come back later. Nobody may be cut off without it."""
    times = []
    with selectors.DefaultSelector() as waiting:
        for client in clients:
            waiting.register(client, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select(30):
                received = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
                assert received, "cut off without a goodbye"
                if GOODBYE.search(received):
                    times.append(time.monotonic() - began)
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
    return times


@pytest.mark.long
def test_many_clients_are_closed_evenly_and_the_server_ends_in_time(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(
            serving(tmp_path / "data", "--set", f"server.drain_seconds={DRAIN_SECONDS}")
        )
        clients = [stack.enter_context(enter(server, number)) for number in range(CLIENTS)]
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        times = goodbyes(clients, began)
        server.process.communicate(timeout=30)
        took = time.monotonic() - began
    spread = times[-1] - times[0]
    print(f"\n{CLIENTS} clients, {DRAIN_SECONDS} s: closed over {spread:.1f} s, ended after {took:.1f} s")
    assert server.process.returncode == 0
    assert len(times) == CLIENTS
    assert spread > DRAIN_SECONDS / 2, "they were closed all at once"
    assert took < DRAIN_SECONDS + 5
