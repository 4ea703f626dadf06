"""aiohttp: `send_str` to each member."""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import uvloop
from aiohttp import WSMsgType, web

rooms: defaultdict[str, set[web.WebSocketResponse]] = defaultdict(set)


async def chat(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(compress=False)
    await websocket.prepare(request)
    members = rooms[request.match_info["room"]]
    members.add(websocket)
    try:
        async for message in websocket:
            if message.type == WSMsgType.TEXT:
                text = json.loads(message.data)["message"]
                told = json.dumps({"type": "chat_message", "message": text})
                for member in list(members):
                    await member.send_str(told)
    finally:
        members.discard(websocket)
    return websocket


app = web.Application()
app.add_routes([web.get("/ws/chat/{room}/", chat)])
uvloop.install()
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
