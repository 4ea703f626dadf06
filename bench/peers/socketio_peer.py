"""python-socketio on uvicorn: `emit` to a room."""

from __future__ import annotations

import sys

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi")
room_of: dict[str, str] = {}


@server.event
async def join(sid: str, room: str) -> None:
    room_of[sid] = room
    await server.enter_room(sid, room)
    await server.emit("joined", to=sid)


@server.event
async def chat_message(sid: str, data: dict[str, str]) -> None:
    await server.emit("chat_message", {"message": data["message"]}, room=room_of[sid])


@server.event
def disconnect(sid: str, reason: str) -> None:
    room_of.pop(sid, None)


app = socketio.ASGIApp(server)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", loop="uvloop")
