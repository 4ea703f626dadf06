"""The route of incoming webhooks: a POST with a secret in its path speaks in one room."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from tornado.web import HTTPError, RequestHandler, stream_request_body

from tornchat import ChatError, ChatHandle, Rejected, Unavailable
from tornchat_webhooks.doors import Door, Doors

PATH = r"/api/incoming/([^/]+)"
MOST_BYTES = 64 * 1024
DEADLINE = 15.0
MOST_ID = 64
STATUSES: Mapping[str, int] = MappingProxyType(
    {"room_not_found": 404, "conflict": 409, "busy": 503, "unconfirmed": 503, "unavailable": 503}
)
"""Code of a refusal -> status; all others are 422."""
DESCRIBED: Mapping[str, object] = MappingProxyType(
    {
        "post": {
            "summary": "Speak as a bot: an incoming webhook.",
            "tags": ["webhooks"],
            "security": [],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"message": {"type": "string"}},
                            "required": ["message"],
                        }
                    }
                },
            },
            "responses": {
                "201": {"description": "The message is stored."},
                "200": {"description": "It was stored before with the same Idempotency-Key."},
                "404": {"description": "There is no such webhook, or its room is gone."},
                "429": {"description": "Too many messages; Retry-After has the seconds."},
            },
        }
    }
)

log = logging.getLogger("tornchat.webhooks")


class Body(msgspec.Struct, frozen=True):
    """What is said. Other fields are ignored, so that senders may add what they like."""

    message: str


_decode = msgspec.json.Decoder(Body).decode


@stream_request_body
class Incoming(RequestHandler):
    """Serves one call. No line about it has its URL, which contains the secret."""

    openapi = DESCRIBED

    def initialize(self, chat: ChatHandle, doors: Doors) -> None:
        self._chat = chat
        self._doors = doors
        self._received = bytearray()

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")

    def check_xsrf_cookie(self) -> None:
        """The secret is in the path, which no page of another site knows."""

    def prepare(self) -> None:
        """Refuse a body that is too long before it is read."""
        length = self.request.headers.get("Content-Length", "0")
        if not length.isdecimal() or len(length) > 9 or int(length) > MOST_BYTES:
            self._refuse(413, "too_big", f"A body has at most {MOST_BYTES} bytes.")

    def data_received(self, chunk: bytes) -> None:
        if len(self._received) <= MOST_BYTES:
            self._received += chunk

    async def post(self, secret: str) -> None:
        """Say what the body holds."""
        door = self._doors.find(secret)
        if door is None:
            await self._chat.login_failed(self)
            self._refuse(404, "not_found", "There is no such incoming webhook.")
        elif wait := door.wait():
            self.set_header("Retry-After", str(math.ceil(wait)))
            self._refuse(429, "rate_limited", "Too many messages; slow down.")
        elif len(self._received) > MOST_BYTES:
            self._refuse(413, "too_big", f"A body has at most {MOST_BYTES} bytes.")
        else:
            await self._say(door)

    async def _say(self, door: Door) -> None:
        message_id = self.request.headers.get("Idempotency-Key")
        try:
            text = _decode(bytes(self._received)).message
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._refuse(400, "invalid_message", f"The body is no JSON object with a message: {error}.")
            return
        if message_id is not None and not 0 < len(message_id) <= MOST_ID:
            self._refuse(400, "invalid_message", f"An Idempotency-Key has 1 to {MOST_ID} characters.")
            return
        try:
            async with asyncio.timeout(DEADLINE):
                stored = await self._chat.say(door.room, text, sender=door.user, id=message_id)
        except ChatError as error:
            if error.code == "room_not_found" and door.first_without_room():
                log.warning("%s is called, and its room does not exist", door.user.id)
            self._refuse(STATUSES.get(error.code, 422), error.code, error.text)
        except Rejected as error:
            self._refuse(422, "rejected", str(error))
        except (TimeoutError, Unavailable):
            self._refuse(503, "unavailable", "It is not known whether this was said. Repeat it with its key.")
        else:
            door.has_room()
            self.set_status(200 if stored.repeated else 201)
            self.write({"seq": stored.entry.seq})

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/problem+json")
        self.finish(msgspec.json.encode({"status": status, "code": code, "detail": detail}))

    # --- no URL in the log ---

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Any: Tornado's own arguments."""
        if status_code == 405:
            self.set_header("Allow", "POST")
        self._refuse(status_code, "error", self._reason)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Any: as in Tornado, whose own lines have the URL."""
        if not isinstance(value, HTTPError):
            log.error("an incoming webhook failed", exc_info=(typ, value, tb))

    def _log(self) -> None:
        """Replaces Tornado's access log, which has the URL."""
        log.debug("an incoming webhook was answered with %d", self.get_status())
