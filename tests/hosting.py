"""A host's application with chats mounted into it, and clients that enter them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import websocket_connect

from tornchat import ChatApp
from tornchat.testing import Client, RunningChat

SECRET = "the host's own cookie secret, which the chat is told, too"


def settings(place: Path, **sections: dict[str, object]) -> dict[str, dict[str, object]]:
    core = {"data_dir": str(place), **sections.pop("tornchat", {})}
    return {"server": {"drain_seconds": 2}, **sections, "tornchat": core}


class Host:
    """A host's application that listens; the clients that enter it are hung up at the end."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.clients: list[Client] = []

    async def enter(self, path: str, **headers: str) -> Client:
        request = HTTPRequest(f"ws://{self.address}{path}", headers=headers)
        self.clients.append(Client(await websocket_connect(request)))
        return self.clients[-1]

    async def enter_as(self, chat: ChatApp, path: str, name: str) -> Client:
        return await self.enter(path, Authorization=f"Bearer {RunningChat(chat, 0).token(name)}")

    async def status(self, path: str) -> int:
        """The HTTP status with which a WebSocket is refused."""
        with pytest.raises(HTTPClientError) as refusal:
            await websocket_connect(f"ws://{self.address}{path}")
        return refusal.value.code


@asynccontextmanager
async def hosting(routes: Sequence[Any], *chats: ChatApp) -> AsyncIterator[Host]:
    """Run a host's application; the chats are started with it, and closed before it ends."""
    [listener] = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application(list(routes), cookie_secret=SECRET))
    server.add_socket(listener)
    host = Host(listener.getsockname()[1])
    for chat in chats:
        await chat.start()
    try:
        yield host
    finally:
        server.stop()
        for chat in chats:
            await chat.close()
        for client in host.clients:
            client.close()
        await server.close_all_connections()
