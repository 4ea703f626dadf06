"""picows, which is written in Cython: `send` to each member, on uvloop."""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

rooms: defaultdict[bytes, set[WSTransport]] = defaultdict(set)


class Chat(WSListener):
    def __init__(self, request: WSUpgradeRequest) -> None:
        self.members = rooms[request.path]

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.members.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            text = json.loads(frame.get_payload_as_memoryview().tobytes())["message"]
            told = json.dumps({"type": "chat_message", "message": text}).encode()
            for member in self.members:
                member.send(WSMsgType.TEXT, told)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.members.discard(transport)


async def main() -> None:
    await (await ws_create_server(Chat, "127.0.0.1", int(sys.argv[1]))).serve_forever()


uvloop.run(main())
