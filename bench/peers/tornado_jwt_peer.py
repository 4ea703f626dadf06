"""Stock Tornado's bare handshake: the token is verified when the socket opens, and that is all."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import jwt
from tornado.web import Application
from tornado.websocket import WebSocketHandler

KEY = Path("jwt.key").read_text()


class Chat(WebSocketHandler):
    def open(self, room: str) -> None:
        token = self.request.headers["Authorization"].removeprefix("Bearer ")
        try:
            self.user = jwt.decode(token, KEY, ["HS256"])["sub"]
        except jwt.InvalidTokenError:
            self.close(4001, "unauthorized")

    def on_message(self, message: str | bytes) -> None:
        pass


async def main() -> None:
    Application([(r"/ws/chat/(.*)/", Chat)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
