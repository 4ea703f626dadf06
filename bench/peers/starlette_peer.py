"""Starlette on uvicorn: `send_text` to each member."""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

rooms: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    members = rooms[websocket.path_params["room"]]
    members.add(websocket)
    try:
        while True:
            text = json.loads(await websocket.receive_text())["message"]
            told = json.dumps({"type": "chat_message", "message": text})
            for member in list(members):
                await member.send_text(told)
    except WebSocketDisconnect:
        pass
    finally:
        members.discard(websocket)


app = Starlette(routes=[WebSocketRoute("/ws/chat/{room}/", chat)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", loop="uvloop")
