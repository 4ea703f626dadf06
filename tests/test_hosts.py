"""`ChatApp.routes` in the hosts themselves: Jupyter Server and Bokeh, where they are installed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.websocket import websocket_connect

from tests.hosting import settings
from tornchat import ChatApp
from tornchat.testing import Client, RunningChat


async def works(chat: ChatApp, port: int, place: str) -> None:
    """Pages, documents, calls that change something, and the socket are all there."""
    bearer = {"Authorization": f"Bearer {RunningChat(chat, port).token('ann')}"}

    async def ask(method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
        sent = {**bearer, **headers, **({"Content-Type": "application/json"} if body else {})}
        request = HTTPRequest(
            f"http://127.0.0.1:{port}{place}{path}",
            method=method,
            headers=sent,
            body=json.dumps(body) if body else None,
        )
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        return answer.code, answer.body

    for path in ("/", "/swagger/", "/asyncapi/", "/static/tornchat-client.js", "/api/me", "/healthz"):
        assert (await ask("GET", path))[0] == 200, path
    document = json.loads((await ask("GET", "/openapi.json"))[1])
    assert document["servers"] == [{"url": place}]
    assert (await ask("POST", "/api/rooms", {"name": "tea"}))[0] == 201
    assert (await ask("POST", "/api/rooms/tea/messages", {"message": "by HTTP"}))[0] == 201
    assert (await ask("POST", "/api/rooms", {"name": "milk"}, Origin="https://evil.example"))[0] == 403
    socket = HTTPRequest(f"ws://127.0.0.1:{port}{place}/ws/chat/tea/", headers=bearer)
    ann = Client(await websocket_connect(socket))
    assert await ann.hear_message() == "by HTTP"
    await ann.say("by WebSocket")
    assert await ann.hear_message() == "by WebSocket"
    ann.close()


@asynccontextmanager
async def started(tmp_path: Path) -> AsyncIterator[ChatApp]:
    chat = ChatApp(settings(tmp_path / "chat", server={"drain_seconds": 1}))
    await chat.start()
    try:
        yield chat
    finally:
        await chat.close()


@pytest.mark.filterwarnings("ignore")  # theirs
def test_jupyter_server_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an extension adds them; Jupyter sets `xsrf_cookies`."""
    serverapp = pytest.importorskip("jupyter_server.serverapp", reason="jupyter_server is not installed")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("HOME", str(tmp_path))

    async def play() -> None:
        async with started(tmp_path) as chat:
            given: dict[str, Any] = {"root_dir": str(tmp_path), "open_browser": False}
            host = serverapp.ServerApp(allow_root=True, ip="127.0.0.1", base_url="/hub/", **given)
            host.initialize(argv=[], new_httpserver=False)
            host.web_app.add_handlers(".*$", chat.routes(prefix=f"{host.base_url}talk"))
            [listener] = bind_sockets(0, "127.0.0.1")
            server = HTTPServer(host.web_app)
            server.add_socket(listener)
            assert host.web_app.settings["xsrf_cookies"] is True
            try:
                await works(chat, listener.getsockname()[1], "/hub/talk")
            finally:
                server.stop()
                await server.close_all_connections()
                await host.cleanup_extensions()
                await host.cleanup_kernels()

    asyncio.run(play())


@pytest.mark.filterwarnings("ignore")  # theirs
def test_bokeh_takes_them(tmp_path: Path) -> None:
    """Bokeh puts its own prefix before each pattern."""
    bokeh = pytest.importorskip("bokeh.server.server", reason="bokeh is not installed")

    async def play() -> None:
        async with started(tmp_path) as chat:
            routes = chat.routes(prefix="/talk")
            host = bokeh.Server({}, port=0, address="127.0.0.1", prefix="/plots", extra_patterns=routes)
            host.start()
            try:
                await works(chat, host.port, "/plots/talk")
            finally:
                host.stop()
                await host._http.close_all_connections()

    asyncio.run(play())
