"""`python -m bench.shared`: connections for many rooms beside connections for one, and what a room costs.

The same rooms with as many members, once with a connection of its own for each member in each room, and
once with ten rooms on each connection; and the memory of connections in fifty rooms that do nothing.
"""

from __future__ import annotations

import json
import select
import socket
import statistics
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import click

from bench.catalogue import catalogue
from bench.dialects import MARK, Dialect, client_frame, text_of
from bench.machine import cores, pinned, raise_descriptor_limit
from bench.servers import Running, running

ROOMS = 10
IN_FLIGHT = 8
BLOCK = 1 << 18
ENTERED = b'"caught_up"'
V1 = "Sec-WebSocket-Protocol: tornchat.v1"


@dataclass
class Line:
    """One connection: how many rooms it is yet to enter, and how many marks it has heard."""

    socket: socket.socket
    awaited: int
    heard: int = 0
    tail: bytes = b""
    room: int | None = None
    """The room that it speaks in, if it speaks."""
    sent: int = 0
    answers: int = 0


@dataclass
class Hall:
    """All connections to one server."""

    port: int
    dialect: Dialect
    lines: dict[int, Line] = field(default_factory=dict)
    poll: select.epoll = field(default_factory=select.epoll)

    def connect(self, user: str, rooms: Sequence[str], shared: bool) -> Line:
        """Open a connection and ask for its rooms."""
        path = "/ws/chat/" if shared else f"/ws/chat/{rooms[0]}/"
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", V1]
        lines += self.dialect.headers(user)
        found = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asked = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if shared:
            joins = [{"type": "join", "id": room, "room": room} for room in rooms]
            asked += b"".join(client_frame(json.dumps(join).encode()) for join in joins)
        found.sendall(asked)
        found.setblocking(False)
        line = self.lines[found.fileno()] = Line(found, len(rooms))
        self.poll.register(found, select.EPOLLIN)
        while line.awaited > 0:
            self.turn(1.0)
        return line

    def turn(self, seconds: float) -> bool:
        """Take what has arrived; True if something has."""
        ready = self.poll.poll(seconds)
        for descriptor, _ in ready:
            line = self.lines[descriptor]
            block = line.socket.recv(BLOCK)
            if not block:
                raise click.ClickException("the server closed a connection")
            text = line.tail + block
            line.awaited -= text.count(ENTERED) - line.tail.count(ENTERED)
            line.heard += text.count(MARK) - line.tail.count(MARK)
            line.answers += text.count(b'"ack"') - line.tail.count(b'"ack"')
            line.tail = text[-len(ENTERED) + 1 :]
            if line.room is not None:
                speak(line)
        return bool(ready)

    def settle(self) -> None:
        """Take all that comes, until nothing does."""
        while self.turn(0.3):
            pass

    def close(self) -> None:
        """Hang up."""
        for line in self.lines.values():
            line.socket.close()
        self.poll.close()


def speak(line: Line) -> None:
    """Keep `IN_FLIGHT` messages unanswered."""
    while line.sent - line.answers < IN_FLIGHT:
        said = {"type": "send", "id": f"{line.room}-{line.sent}", "message": text_of(line.sent)}
        line.socket.sendall(client_frame(json.dumps(said).encode()))
        line.sent += 1


@contextmanager
def hall(run: Running) -> Iterator[Hall]:
    """Give the connections to a server, and hang up afterwards."""
    with closing(Hall(run.port, run.dialect)) as found:
        yield found


def rate(core: int, shared: bool, seconds: float, clients: int = 100) -> float:
    """Return the deliveries per second of the server's CPU time. Each client is in all rooms."""
    names = [f"room{number}" for number in range(ROOMS)]
    with running(catalogue()[0], core) as run, hall(run) as found:
        for client in range(clients):
            for part in [names] if shared else [[name] for name in names]:
                found.connect(f"user{client}", part, shared)
        speakers = [found.connect(f"speaker{number}", [name], False) for number, name in enumerate(names)]
        found.settle()
        for number, line in enumerate(speakers):
            line.room = number
            speak(line)
        _talk(found, seconds / 3)
        before, used = sum(line.heard for line in found.lines.values()), run.cpu_seconds()
        _talk(found, seconds)
        heard, cpu = sum(line.heard for line in found.lines.values()) - before, run.cpu_seconds() - used
        return heard / cpu


def _talk(found: Hall, seconds: float) -> None:
    end = perf_counter() + seconds
    while (left := end - perf_counter()) > 0:
        found.turn(min(left, 0.1))


def memory(core: int, connections: int, rooms: int) -> tuple[float, float]:
    """Return the KiB of a connection in one room, and of each further room of a connection in `rooms`."""
    names = [f"room{number}" for number in range(rooms)]
    sizes = []
    for count in (1, rooms):
        with running(catalogue()[0], core) as run, hall(run) as found:
            found.connect("first", names, True)  # the rooms themselves are not counted
            found.settle()
            before = run.rss_bytes()
            for number in range(connections):
                found.connect(f"user{number}", names[:count], True)
            found.settle()
            sizes.append((run.rss_bytes() - before) / connections / 1024)
    return sizes[0], (sizes[1] - sizes[0]) / (rooms - 1)


@click.command()
@click.option("--pairs", default=5, show_default=True, help="Measurements of each kind, in turns.")
@click.option("--seconds", default=3.0, show_default=True, help="For each measurement.")
@click.option("--connections", default=400, show_default=True, help="For the memory; 0: leave it out.")
def main(pairs: int, seconds: float, connections: int) -> None:
    """Measure connections for many rooms beside connections for one."""
    raise_descriptor_limit()
    servers_core, own = cores()
    with pinned(own):
        ratios = []
        for number in range(pairs):
            kinds = (False, True) if number % 2 else (True, False)
            found = {shared: rate(servers_core, shared, seconds) for shared in kinds}
            ratios.append(found[True] / found[False])
            click.echo(
                f"deliveries per CPU second: one room {found[False]:,.0f}, "
                f"ten rooms {found[True]:,.0f}: {ratios[-1]:.2f}"
            )
        click.echo(f"median of {pairs}: {statistics.median(ratios):.2f}")
        if connections:
            first, more = memory(servers_core, connections, 50)
            click.echo(
                f"memory: {first:.1f} KiB for a connection in one room, {more:.2f} KiB for each further"
            )


if __name__ == "__main__":
    main()
