"""A stage for plays: a real server in this process or in one of its own, and players with real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Data, Subprotocol

from tornchat import ChatApp

V1 = Subprotocol("tornchat.v1")


class Player:
    """Somebody in a room, with a real WebSocket."""

    def __init__(self, name: str, socket: ClientConnection) -> None:
        self.name = name
        self.socket = socket
        self._first: Data | None = None

    async def is_in_or_refused(self) -> None:
        """Wait for the first frame, or for the close that refuses. The frame is kept for who asks next."""
        try:
            self._first = await self.socket.recv()
        except ConnectionClosed:
            pass  # who listens next is told

    async def is_closed_at_once(self) -> bool:
        """True if the server refused this player instead of sending a first frame."""
        return self._first is None

    async def receive(self) -> Data:
        """The next frame as it came."""
        first, self._first = self._first, None
        return await self.socket.recv() if first is None else first

    async def next(self) -> dict[str, Any]:
        """The next frame, whatever it is."""
        async with asyncio.timeout(10):
            frame: dict[str, Any] = json.loads(await self.receive())
            return frame

    async def next_of(self, kind: str) -> dict[str, Any]:
        """The next frame of a type; `error` is the classic error frame, too. Others are passed over."""
        while True:
            frame = await self.next()
            if frame.get("type", "error") == kind:
                return frame

    async def says(self, text: str, client_id: str | None = None) -> None:
        if client_id is None:
            await self.socket.send(json.dumps({"message": text}))
        else:
            await self.socket.send(json.dumps({"type": "send", "id": client_id, "message": text}))

    async def hears(self) -> str:
        """The text of the next chat message."""
        return str((await self.next_of("chat_message"))["message"])

    async def is_closed(self) -> int:
        """The close code that ends this player's connection; what comes before it is passed over."""
        try:
            async with asyncio.timeout(15):
                while True:
                    await self.socket.recv()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006

    async def leaves(self) -> None:
        await self.socket.close()


class Stage:
    """Where the server is, and its key, with which tokens are made."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.key = key
        self.chat: Any = None
        """The node's use cases, where it runs in this process."""
        self.app: Any = None
        """Its `ChatApp`, there."""
        self.connections: Any = None
        """Its open connections, there."""
        self.trust: ssl.SSLContext | None = None
        """What clients trust, if the server has TLS."""
        self._players: list[Player] = []

    def token(self, user: str, lifetime: float = 600, **claims: object) -> str:
        payload = {"sub": user, "username": user.title(), "exp": time.time() + lifetime, **claims}
        return jwt.encode(payload, self.key, "HS256")

    def handshake(self, user: str, room: str, lifetime: float = 600) -> bytes:
        """What a client writes to enter a room, for plays with a raw socket."""
        lines = [
            f"GET /ws/chat/{room}/ HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {self.token(user, lifetime)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    async def enters(
        self,
        user: str,
        room: str,
        v1: bool = False,
        token: str | None = None,
        query: Mapping[str, object] | None = None,
        **options: Any,
    ) -> Player:
        """Open a WebSocket into the room, and wait until the server has let this player in, or refused.

        With `token` given, it is used instead of a good one.
        """
        headers = {"Authorization": f"Bearer {self.token(user) if token is None else token}"}
        tail = "?" + urlencode(query) if query else ""
        scheme = "ws" if self.trust is None else "wss"
        uri = f"{scheme}://127.0.0.1:{self.port}/ws/chat/{room}/{tail}"
        socket = await connect(
            uri,
            ssl=self.trust,
            additional_headers=headers,
            subprotocols=[V1] if v1 else None,
            proxy=None,
            **{"max_queue": None, **options},
        )
        player = Player(user, socket)
        self._players.append(player)
        await player.is_in_or_refused()
        return player

    async def clear(self) -> None:
        """Let everybody who is still there leave."""
        await asyncio.gather(*(player.leaves() for player in self._players))


UNLIMITED = {"messages_per_second": 0, "bytes_per_second": 0, "joins_per_second": 0, "rooms_per_hour": 0}
"""The actors of a test speak as fast as they can, unless the test is about these limits."""


@asynccontextmanager
async def open_stage(
    data_dir: Path,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    plugins: Mapping[str, type] | None = None,
) -> AsyncIterator[Stage]:
    """A server in this process, with the default plugins unless `settings` say otherwise."""
    given = {section: dict(keys) for section, keys in (settings or {}).items()}
    given.setdefault("tornchat", {}).setdefault("data_dir", str(data_dir))
    given.setdefault("server", {}).setdefault("drain_seconds", 2)
    given["limits"] = {**UNLIMITED, **given.get("limits", {})}
    chat = ChatApp(given, plugins)
    await chat.start()
    server = HTTPServer(Application(chat.routes()))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    key = data_dir / "jwt.key"
    stage = Stage(sockets[0].getsockname()[1], key.read_text() if key.exists() else "")
    stage.app, stage.chat = chat, chat._chat
    stage.connections = chat._connections
    try:
        yield stage
    finally:
        server.stop()
        await chat.close()
        await stage.clear()
        await server.close_all_connections()


class Process:
    """`tornchat serve` in a process of its own, on a free port."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        command = [sys.executable, "-m", "tornchat", "serve", "--port", "0"]
        unlimited = [option for key in UNLIMITED for option in ("--set", f"limits.{key}=0")]
        command += ["--set", f"tornchat.data_dir={data_dir}", *unlimited, *options]
        log = data_dir.parent / "server.log"
        with log.open("ab") as stderr:  # a file, since a pipe that nobody reads would stop the server
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=data_dir.parent
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found:
                self.stage = Stage(int(found[1]), (data_dir / "jwt.key").read_text())
                return
        self.process.communicate()
        raise AssertionError(log.read_text())

    def resident_bytes(self, what: str = "VmRSS") -> int:
        """Its memory now, or with `VmHWM` the most that it ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{what}:\s+(\d+) kB$", status, re.M)
        assert found is not None
        return int(found[1]) * 1024

    def kill(self) -> None:
        """End it as a power cut would, without a chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self) -> int:
        """Ask it to end and give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


@contextmanager
def serving(data_dir: Path, *options: str) -> Iterator[Process]:
    """A server process that does not outlive the test."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    process = Process(data_dir, *options)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.kill()


COUNT = int(os.environ.get("TORNCHAT_TEST_COUNT", "0"))
"""How often the long tests inject their fault; 0 is the short count that CI has time for."""
