"""socketify, which is uWebSockets in C++: `publish` to a topic."""

from __future__ import annotations

import json
import sys
from typing import Any

from socketify import App, AppListenOptions, OpCode


def upgrade(response: Any, request: Any, context: Any) -> None:
    headers = [request.get_header(f"sec-websocket-{name}") for name in ("key", "protocol", "extensions")]
    response.upgrade(*headers, context, request.get_parameter(0))


def enter(websocket: Any) -> None:
    websocket.subscribe(websocket.get_user_data())


def say(websocket: Any, message: Any, opcode: OpCode) -> None:
    text = json.loads(message)["message"]
    told = json.dumps({"type": "chat_message", "message": text})
    websocket.publish(websocket.get_user_data(), told, OpCode.TEXT)


app = App()
app.ws("/ws/chat/:room/", {"upgrade": upgrade, "open": enter, "message": say})
app.listen(AppListenOptions(host="127.0.0.1", port=int(sys.argv[1])))
app.run()
