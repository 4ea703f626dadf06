"""A receiver of webhooks: a real HTTP server that answers as it is told and verifies signatures."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

SECRET = "whsec_" + base64.b64encode(b"a secret for the webhooks of the tests").decode()


class Receiver:
    """What came; `status` is the answer, "reset" for none, "hang" for one that never comes."""

    def __init__(self) -> None:
        self.status: int | str = 200
        self.posts: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.refused = 0
        self.port = 0
        self.news = asyncio.Event()

    def took(self, handler: RequestHandler) -> None:
        post = Webhook(SECRET).verify(handler.request.body, dict(handler.request.headers))
        self.posts.append(post)
        self.ids.append(handler.request.headers["webhook-id"])
        self.news.set()

    def entries(self, room: str) -> list[dict[str, Any]]:
        return [
            entry for post in self.posts if post["data"]["room"] == room for entry in post["data"]["entries"]
        ]

    def keys(self, room: str) -> list[str]:
        """The ids of the entries that came, without repeats, in the order of their first coming."""
        return list(dict.fromkeys(entry["id"] for entry in self.entries(room)))

    async def until(self, happened: Any) -> None:
        async with asyncio.timeout(30):
            while not happened():
                self.news.clear()
                await self.news.wait()

    def file(self, path: Path, **more: object) -> Path:
        """Write the file that names this receiver."""
        values = {"url": f"http://127.0.0.1:{self.port}/hook", "secret": SECRET, **more}
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["[first]", *lines, ""]))
        return path


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(RequestHandler):
        async def post(self) -> None:
            if receiver.status == 200:
                receiver.took(self)
                return
            receiver.refused += 1
            receiver.news.set()
            if receiver.status == "reset":
                self.detach().close()
            elif receiver.status == "hang":
                await asyncio.Event().wait()
            elif receiver.status == 302:
                self.redirect(f"http://127.0.0.1:{receiver.port}/other")
            else:
                self.set_status(int(receiver.status))

    [listener] = bind_sockets(0, "127.0.0.1")
    receiver.port = listener.getsockname()[1]
    server = HTTPServer(Application([(".*", Handler)], log_function=lambda handler: None))
    server.add_socket(listener)
    try:
        yield receiver
    finally:
        server.stop()
        await server.close_all_connections()
