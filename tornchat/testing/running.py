"""A complete chat on a free local port, and clients for it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tornchat import User
from tornchat.app import ChatApp
from tornchat.config.sections import TornchatSection
from tornchat.testing.fixtures import PATIENCE

Answer = TypeVar("Answer")
Sections = Mapping[str, Mapping[str, object]]


class Client:
    """A WebSocket client. `close_code` is set when the connection has ended."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection

    @property
    def close_code(self) -> int | None:
        return self._connection.close_code

    async def say(self, text: str) -> None:
        """Send a message to the room."""
        await self._connection.write_message(json.dumps({"message": text}))

    async def hear(self) -> dict[str, Any] | None:
        """Return the next frame; None when the connection is closed."""
        async with asyncio.timeout(PATIENCE):
            frame = await self._connection.read_message()
        return None if frame is None else json.loads(frame)

    async def hear_message(self) -> str:
        """Skip frames until the next chat message or error, and return its text."""
        while (frame := await self.hear()) is not None:
            if frame.get("type") == "chat_message" or "error" in frame:
                return str(frame.get("message", frame.get("error")))
        raise AssertionError(f"the connection was closed with {self.close_code} before a message came")

    async def closed(self) -> int | None:
        """Wait until the server has closed the connection, and return the close code."""
        while await self.hear() is not None:
            pass
        return self.close_code

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class RunningChat:
    """A started chat: `url` is `ws://127.0.0.1:<port>`, `app` the `ChatApp` itself."""

    def __init__(self, app: ChatApp, port: int) -> None:
        self.app = app
        self.port = port
        self.url = f"ws://127.0.0.1:{port}"
        self._clients: list[Client] = []

    def token(self, name: str, *roles: str, lifetime: float = 3600.0) -> str:
        """Return a token for the user `name` with the id `id-<name>`. Requires the hook `issue_token`."""
        who = User(f"id-{name}", name, frozenset(roles))
        return self.app.hooks.issue_token(who, lifetime)

    async def connect(self, room: str, name: str | None = None, **headers: str) -> Client:
        """Connect to `room` as the user `name`, or only with the given headers."""
        if name is not None:
            headers["Authorization"] = f"Bearer {self.token(name)}"
        url = f"{self.url}/ws/chat/{room}/"
        request = HTTPRequest(url, headers=headers, connect_timeout=PATIENCE)
        client = Client(await websocket_connect(request))
        self._clients.append(client)
        return client

    def hang_up(self) -> None:
        """Close all clients created by `connect`."""
        for client in self._clients:
            client.close()


@asynccontextmanager
async def running_chat(
    settings: Sections | None = None, plugins: Mapping[str, type] | None = None
) -> AsyncIterator[RunningChat]:
    """Run a chat on a free port, with a temporary data directory unless `settings` contain one.

    `plugins` maps names to plugin classes. They are loaded after the default plugins if `[tornchat] plugins`
    is not set.
    """
    with tempfile.TemporaryDirectory(prefix="tornchat-") as data_dir:
        app = ChatApp(_completed(settings or {}, plugins or {}, Path(data_dir)), plugins)
        await app.start()
        try:
            async with _listening(app) as server:
                yield server
        finally:
            await app.close()


@asynccontextmanager
async def _listening(app: ChatApp) -> AsyncIterator[RunningChat]:
    [listener] = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(await app.application())
    server.add_socket(listener)
    running = RunningChat(app, listener.getsockname()[1])
    try:
        yield running
    finally:
        server.stop()
        await app.close()  # sends close frames first; then the remaining clients are aborted
        running.hang_up()
        await server.close_all_connections()


def _completed(settings: Sections, plugins: Mapping[str, type], data_dir: Path) -> Sections:
    names = (*TornchatSection().plugins, *plugins)
    core = {"data_dir": data_dir, "plugins": names, **settings.get("tornchat", {})}
    server = {"drain_seconds": 2.0, **settings.get("server", {})}
    return {**settings, "tornchat": core, "server": server}
