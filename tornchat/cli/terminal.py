"""A client of `tornchat.v1` that prints what it hears and says what is typed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import sys
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

import click
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from tornchat.cli.masking import printable
from tornchat.cli.typed import TypedLines
from tornchat.errors import FINAL_CLOSE_CODES, REMOVED, RETRYABLE, ROOM_NOT_FOUND, UNAUTHORIZED
from tornchat.wire import V1_SUBPROTOCOL

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 3.0
MOST_TRIES = 6
WORDS = MappingProxyType(
    {
        UNAUTHORIZED: "the server does not accept this token: use the server's own --config, or --token",
        ROOM_NOT_FOUND: "there is no such room for you",
        REMOVED: "you were removed from this room",
    }
)


class Ended(Exception):
    """There is no use in going on; says why."""


class Terminal:
    """One user in one room, over as many connections as it takes."""

    def __init__(self, base: str, room: str, token: str) -> None:
        self._address = f"{base}/ws/chat/{quote(room, safe='')}/"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._socket: WebSocketClientConnection | None = None
        self._position: tuple[str, int] | None = None
        self._sent: tuple[str, str] | None = None  # id and text of what is not acknowledged yet
        self._answered = asyncio.Event()
        self._entered = asyncio.Event()
        self._refused = False
        self._leaving = False
        self._failures = 0

    async def run(self) -> int:
        """Talk until the end of input; gives the exit status: 0 if all that was said was stored."""
        hearing = asyncio.create_task(self._stay())
        talking = asyncio.create_task(self._talk())
        await asyncio.wait({talking, hearing}, return_when=asyncio.FIRST_COMPLETED)
        talking.cancel()
        await self._leave(hearing)
        end = hearing.exception()
        if isinstance(end, Ended):
            click.echo(f"* {printable(str(end))}", err=True)
            return 1
        hearing.result()
        return int(self._refused)

    async def _leave(self, hearing: asyncio.Task[None]) -> None:
        """Close the connection, and hear what comes until the other side has closed it, too."""
        self._leaving = True
        if self._socket is not None:
            self._socket.close(1000)
        await asyncio.wait({hearing}, timeout=CLOSE_SECONDS)
        if not hearing.done():
            hearing.cancel()
            await asyncio.wait({hearing})

    # --- saying ---

    async def _talk(self) -> None:
        lines = TypedLines()
        while (line := await lines.next()) is not None:
            self._answered.clear()
            self._sent = (secrets.token_hex(8), line)
            self._send()
            await self._answered.wait()
        await self._entered.wait()  # so that a refusal is seen, also when nothing was typed at all

    def _send(self) -> None:
        """Send what is not acknowledged yet, if there is a connection; the id keeps it from being doubled."""
        if self._sent is not None and self._socket is not None:
            frame = {"type": "send", "id": self._sent[0], "message": self._sent[1]}
            try:
                self._socket.write_message(json.dumps(frame))
            except WebSocketError:
                pass  # it is sent again over the next connection

    # --- hearing ---

    async def _stay(self) -> None:
        while not self._leaving:
            try:
                socket = await self._connect()
                reason = await self._heard(socket)
            except (OSError, HTTPClientError, WebSocketError, TimeoutError) as error:
                reason = f"{type(error).__name__}: {error}"
            finally:
                self._socket = None
            if not self._leaving:
                await self._pause(reason)

    async def _connect(self) -> WebSocketClientConnection:
        query = ""
        if self._position is not None:
            query = "?" + urlencode({"epoch": self._position[0], "since": self._position[1]})
        request = HTTPRequest(self._address + query, headers=self._headers, connect_timeout=CONNECT_SECONDS)
        return await websocket_connect(request, subprotocols=[V1_SUBPROTOCOL])

    async def _heard(self, socket: WebSocketClientConnection) -> str:
        try:
            return await self._hear(socket)
        finally:
            socket.close()

    async def _hear(self, socket: WebSocketClientConnection) -> str:
        """Print what comes; gives the reason of the end, which is none to give up."""
        if socket.selected_subprotocol != V1_SUBPROTOCOL:
            raise Ended("what answers there is no tornchat server")
        while (frame := await socket.read_message()) is not None:
            self._on_frame(socket, json.loads(frame))
        code = socket.close_code
        if code in FINAL_CLOSE_CODES:
            raise Ended(f"closed with {code}: {WORDS[code]}")
        return f"closed with {code or 'no code'} {socket.close_reason or ''}".rstrip()

    async def _pause(self, reason: str) -> None:
        self._failures += 1
        if self._position is None or self._failures >= MOST_TRIES:
            raise Ended(f"no connection: {reason}")
        click.echo(f"* connection lost ({printable(reason)}), trying again", err=True)
        await asyncio.sleep(random.uniform(0.5, 1) * 2 ** (self._failures - 1) / 2)  # noqa: S311 (no secret)

    # --- frames ---

    def _on_frame(self, socket: WebSocketClientConnection, frame: dict[str, Any]) -> None:
        match frame.get("type"):
            case "welcome":
                self._on_welcome(socket, frame)
            case "room_users_list":
                _say("* here: " + ", ".join(user["username"] for user in frame["users"]))
            case "chat_message":
                self._on_message(frame)
            case "user_join":
                _say(f"* {frame['username']} joined")
            case "user_leave":
                _say(f"* {frame['username']} left")
            case "ack" if self._sent and frame["id"] == self._sent[0]:
                self._done()
            case "error":
                self._on_error(frame)

    def _on_welcome(self, socket: WebSocketClientConnection, frame: dict[str, Any]) -> None:
        seen = self._position
        if seen is None or seen[0] != frame["epoch"]:
            self._position = (frame["epoch"], 0)
        self._socket = socket
        self._failures = 0
        self._entered.set()
        self._send()

    def _on_message(self, frame: dict[str, Any]) -> None:
        assert self._position is not None
        epoch, seen = self._position
        if frame["seq"] > seen:
            self._position = (epoch, frame["seq"])
            if frame["message"]:
                _say(f"{frame['sender_username']}: {frame['message']}")

    def _on_error(self, frame: dict[str, Any]) -> None:
        click.echo(f"! {printable(frame['error'])}", err=True)
        if self._sent is None or frame.get("id", self._sent[0]) != self._sent[0]:
            return
        if frame["code"] in RETRYABLE:
            asyncio.get_running_loop().call_later(frame.get("retry_after") or 1.0, self._send)
        else:
            self._refused = True
            self._done()

    def _done(self) -> None:
        self._sent = None
        self._answered.set()


def _say(text: str) -> None:
    """Print a line. Raises `Ended` when nobody takes it: that is no trouble of the connection's."""
    try:
        click.echo(printable(text))
    except OSError as error:
        _drop_output()
        raise Ended(f"the output can't be written: {error.strerror}") from None


def _drop_output() -> None:
    """Lead stdout to nowhere, or what is left in its buffer fails once more at the interpreter's end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
