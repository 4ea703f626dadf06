"""Stock Tornado: `write_message` to each member."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict

from tornado.web import Application
from tornado.websocket import WebSocketHandler

rooms: defaultdict[str, set[Chat]] = defaultdict(set)


class Chat(WebSocketHandler):
    def open(self, room: str) -> None:
        self.room = room
        rooms[room].add(self)

    def on_message(self, message: str | bytes) -> None:
        text = json.loads(message)["message"]
        told = json.dumps({"type": "chat_message", "message": text})
        for member in rooms[self.room]:
            member.write_message(told)

    def on_close(self) -> None:
        rooms[self.room].discard(self)


async def main() -> None:
    Application([(r"/ws/chat/(.*)/", Chat)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
