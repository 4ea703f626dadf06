"""Attackers: what one user or one address does to a server, and what it gets."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from bench.dialects import HISTORY_MARK, TornchatDialect

ERROR_MARK = b'"error"'
LARGE_FILE = "/static/vendor/swagger-ui-dist-5.35.0/swagger-ui-bundle.js"
ADDRESS = "203.0.113.7"
"""Where attackers come from."""
COOKIES = 6000
"""They fit into the headers that a server takes."""
NICENESS = 10
"""Attackers give way to the neighbour, which runs on the same core."""
NOT_NOW = b"\x03\xf5"
"""1013, in a close frame."""
UNAUTHORIZED = b"\x0f\xa1"
"""4001, in a close frame."""
FORGED = "e30.e30.forged"


class Client(TornchatDialect):
    """A client that comes from an address beyond a proxy."""

    def __init__(self, key_file: Path, address: str) -> None:
        super().__init__(key_file)
        self._address = address

    def headers(self, user: str) -> list[str]:
        """The token, and the address that the trusted proxy names."""
        return [*super().headers(user), f"X-Forwarded-For: {self._address}"]


class Target(NamedTuple):
    """The server that is attacked, and when the attack ends, in seconds of the event loop's clock."""

    port: int
    client: Client
    end: float

    @property
    def left(self) -> float:
        """Seconds until the end of the attack, never less than none."""
        return max(0.0, self.end - asyncio.get_running_loop().time())

    async def sends(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection and send this."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        return reader, writer


Attack: TypeAlias = Callable[[Target], Awaitable[str]]
"""Attacks until the end, and tells what it brought."""


# --- attacks --------------------------------------------------------------------------------------------


async def nothing(target: Target) -> str:
    """Do nothing, for comparison."""
    await asyncio.sleep(target.left)
    return ""


async def flood(target: Target) -> str:
    """Send small messages in a room as fast as the server reads them."""
    reader, writer = await target.sends(target.client.request("attacked", "eve"))
    await reader.readuntil(target.client.entered)
    began, found = time.perf_counter(), Counter[bytes]()
    speaking = asyncio.create_task(_speak(target, writer))
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(target.left):
            while data := await reader.read(1 << 16):
                found.update(re.findall(HISTORY_MARK + b"|" + ERROR_MARK, data))
    ended = "" if not target.left else ", cut off"
    speaking.cancel()
    per_second = found[HISTORY_MARK] / (time.perf_counter() - began)
    return f"{per_second:,.0f} messages/s stored, {found[ERROR_MARK]} refused{ended}"


async def _speak(target: Target, writer: asyncio.StreamWriter) -> None:
    block = target.client.say("x" * 64) * 64
    with suppress(ConnectionError):
        while True:
            writer.write(block)
            await writer.drain()


async def be_silent(target: Target, count: int) -> str:
    """Open connections and send nothing."""
    clients = []
    for number in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", target.port))
        clients.append(client)
        if not number % 50:
            await asyncio.sleep(0.01)  # less than the backlog at once
    await asyncio.sleep(target.left)
    ended = sum(map(_has_ended, clients))
    return f"{count - ended:,} of {count:,} open or waiting, {ended:,} ended"


def _has_ended(client: socket.socket) -> bool:
    """Whether the server has closed the connection, or answered that there is no place."""
    try:
        client.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


async def read_nothing(target: Target, count: int = 150) -> str:
    """Ask for a large file four times on each connection, and read nothing of it."""
    ask = f"GET {LARGE_FILE} HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: {ADDRESS}\r\n\r\n".encode() * 4
    clients = []
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", target.port))
        client.send(ask)
        clients.append(client)
    await asyncio.sleep(target.left)
    return f"{len(clients)} connections, 4 files each"


async def crowd(target: Target, count: int = 500) -> str:
    """Enter one room with many sockets of one user, and stay."""
    ends = Counter(await asyncio.gather(*(_stay(target) for _ in range(count))))
    return f"of {count} sockets: " + ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))


async def _stay(target: Target) -> str:
    """Enter and stay until the end, answering pings; return what became of the socket."""
    became = "without an answer"
    with suppress(OSError):  # a timeout is one
        async with asyncio.timeout(target.left):
            reader, writer = await target.sends(target.client.request("attacked", "eve"))
            while data := await reader.read(1 << 16):
                if data.startswith(target.client.ping):
                    writer.write(target.client.pong(data[: 2 + data[1]]))
                elif NOT_NOW in data:
                    writer.close()
                    return "closed with 1013"
                elif target.client.entered in data:
                    became = "in the room"
            writer.close()
            return f"{became}, then closed"
    return became


async def fail_logins(target: Target, callers: int = 50) -> str:
    """Come with forged tokens, again and again, some callers at a time."""
    found: Counter[str] = Counter()
    began = time.perf_counter()
    await asyncio.gather(*(_fail(target, found) for _ in range(callers)))
    answered = found.pop("101", 0) / (time.perf_counter() - began)
    others = "".join(f", {count:,} answered {what}" for what, count in sorted(found.items()))
    return f"{answered:,.0f} failed logins/s{others}"


async def _fail(target: Target, found: Counter[str]) -> None:
    """Count the answers by their status: 101 if the login was tried, and failed."""
    request = target.client.request("attacked", "eve")
    request = re.sub(rb"Bearer \S+", b"Bearer " + FORGED.encode(), request)
    with suppress(TimeoutError):
        async with asyncio.timeout(target.left):
            while True:
                with suppress(ConnectionError):
                    found[await _answer(target, request)] += 1


async def _answer(target: Target, request: bytes) -> str:
    reader, writer = await target.sends(request)
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
        if answer.startswith(b"HTTP/1.1 101"):
            await reader.readuntil(UNAUTHORIZED)
        return answer.split()[1].decode()
    except asyncio.IncompleteReadError:
        return "nothing"
    finally:
        writer.close()


async def burden(target: Target, callers: int = 20) -> str:
    """Ask what the server says about itself, with thousands of cookies, again and again."""
    found: Counter[str] = Counter()
    await asyncio.gather(*(_burden(target, found) for _ in range(callers)))
    return ", ".join(f"{count:,} answers {what}" for what, count in sorted(found.items()))


async def _burden(target: Target, found: Counter[str]) -> None:
    cookies = "; ".join(f"a{number}=" for number in range(COOKIES))
    ask = f"GET /api/ HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: {ADDRESS}\r\nCookie: {cookies}\r\n\r\n"
    with suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError):
        async with asyncio.timeout(target.left):
            reader, writer = await target.sends(ask.encode())
            while head := await reader.readuntil(b"\r\n\r\n"):
                found[head.split()[1].decode()] += 1
                await reader.readexactly(int(re.findall(rb"Content-Length: (\d+)", head)[0]))
                writer.write(ask.encode())


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "nobody": nothing,
        "flooder": flood,
        "2,000 silent sockets": partial(be_silent, count=2000),
        "150 slow readers": read_nothing,
        "64 descriptors, 104 silent sockets": partial(be_silent, count=104),
        "500 sockets of one user": crowd,
        "failed logins": fail_logins,
        "6,000 cookies": burden,
    }
)
"""Every attack by its title in the table."""


def strike(title: str, port: int, key_file: Path, seconds: float) -> str:
    """Attack for so long, from a process of its own; return what it brought."""
    os.nice(NICENESS)
    return asyncio.run(_strike(title, port, Client(key_file, ADDRESS), seconds))


async def _strike(title: str, port: int, client: Client, seconds: float) -> str:
    return await ATTACKS[title](Target(port, client, asyncio.get_running_loop().time() + seconds))
