"""websockets: `broadcast`, on uvloop."""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

rooms: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def chat(websocket: ServerConnection) -> None:
    members = rooms[websocket.request.path]
    members.add(websocket)
    try:
        async for message in websocket:
            text = json.loads(message)["message"]
            broadcast(members, json.dumps({"type": "chat_message", "message": text}))
    finally:
        members.discard(websocket)


async def main() -> None:
    async with serve(chat, "127.0.0.1", int(sys.argv[1]), compression=None) as server:
        await server.serve_forever()


uvloop.run(main())
