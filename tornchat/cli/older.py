"""Reading older messages of a room over the HTTP API."""

from __future__ import annotations

from datetime import datetime

import msgspec
from tornado.httpclient import AsyncHTTPClient

PAGE = 30
READ_SECONDS = 10.0


class Older(msgspec.Struct):
    """A message as the HTTP API returns it. The text of a deleted message is empty."""

    seq: int
    message: str
    sender_id: str
    sender_username: str
    timestamp: datetime


class _Page(msgspec.Struct):
    messages: list[Older]


class Unreadable(Exception):
    """The messages can't be read. The text is the reason."""


class OlderMessages:
    """Reads the messages of the room with this WebSocket URL."""

    def __init__(self, url: str, token: str) -> None:
        base, _, room = url.removesuffix("/").rpartition("/ws/chat/")
        self._url = f"http{base.removeprefix('ws')}/api/rooms/{room}/messages?limit={PAGE}"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def before(self, seq: int | None) -> list[Older]:
        """Return at most `PAGE` messages before a position, oldest first. Raises `Unreadable`."""
        url = self._url if seq is None else f"{self._url}&before={seq}"
        client = AsyncHTTPClient()
        try:
            answer = await client.fetch(url, headers=self._headers, request_timeout=READ_SECONDS)
            return msgspec.json.decode(answer.body, type=_Page).messages
        except Exception as error:
            raise Unreadable(str(error)) from None
