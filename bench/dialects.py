"""How the clients of a server enter a room and speak there."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import jwt

MASK = b"\x2b\x71\xc4\x9e"
MARK = b"#0"
"""Stands once in each message, before the rest of its number, and nowhere else. Two bytes, since a ping may
hold any one byte by chance."""
HISTORY_MARK = b'"chat_message"'
MESSAGE_BYTES = 64
ID_DIGITS = 8


def text_of(number: int) -> str:
    """The text of a room's message: the mark, which ends with a nought, its number, and filling."""
    return f"{MARK.decode()}{number:0{ID_DIGITS}d}".ljust(MESSAGE_BYTES, "x")


def client_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A masked frame of less than 64 KiB."""
    size = len(payload)
    header = bytes((0x80 | opcode, 0x80 | min(size, 126))) + (struct.pack("!H", size) if size > 125 else b"")
    mask = int.from_bytes((MASK * (size // 4 + 1))[:size])
    return header + MASK + (int.from_bytes(payload) ^ mask).to_bytes(size)


class Dialect:
    """Plain WebSocket with JSON, entered by the URL. Most peers speak it."""

    entered = b""
    """What has arrived once one is in; empty: the answer to the upgrade is all that comes."""
    ping = b"\x89"
    """How the frame begins by which the server asks whether one is there."""

    def request(self, room: str, user: str) -> bytes:
        """The HTTP request that opens the connection."""
        lines = [f"GET {self.path(room)} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        lines += ["Sec-WebSocket-Version: 13", *self.headers(user)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def path(self, room: str) -> str:
        """The path and the query of a room's URL."""
        return f"/ws/chat/{room}/"

    def headers(self, user: str) -> list[str]:
        """More lines of the request."""
        return []

    def greeting(self, room: str) -> bytes:
        """The frames that a client sends as soon as the connection is open."""
        return b""

    def pong(self, ping: bytes) -> bytes:
        """The frame that answers a ping."""
        return client_frame(ping[2:], opcode=10)

    def say(self, text: str) -> bytes:
        """The frame that says `text`."""
        return client_frame(b'{"message":"%b"}' % text.encode())


class TokenDialect(Dialect):
    """The same with a JWT in the header; `key_file` is looked at when the first one is needed."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._key = ""

    def headers(self, user: str) -> list[str]:
        self._key = self._key or self._key_file.read_text()
        claims = {"sub": user, "username": user, "exp": time.time() + 3600}
        return [f"Authorization: Bearer {jwt.encode(claims, self._key, 'HS256')}"]


class TornchatDialect(TokenDialect):
    """tornchat's classic dialect: the user list says that one is in."""

    entered = b'"room_users_list"'


class SocketIoDialect(Dialect):
    """Socket.IO 5 over Engine.IO 4, by WebSocket alone; a room is entered by an event."""

    entered = b'42["joined"]'
    ping = b"\x81\x012"

    def path(self, room: str) -> str:
        return "/socket.io/?EIO=4&transport=websocket"

    def greeting(self, room: str) -> bytes:
        return client_frame(b"40") + client_frame(_event("join", room))

    def pong(self, ping: bytes) -> bytes:
        return client_frame(b"3")

    def say(self, text: str) -> bytes:
        return client_frame(_event("chat_message", {"message": text}))


def _event(name: str, body: object) -> bytes:
    return b"42" + json.dumps([name, body], separators=(",", ":")).encode()
