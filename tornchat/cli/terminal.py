"""A chat client for the terminal: prints the events of a room and sends the lines typed."""

from __future__ import annotations

import asyncio
import os
import sys
from types import MappingProxyType

import click

from tornchat.cli.masking import printable
from tornchat.cli.typed import TypedLines
from tornchat.client import (
    Client,
    Connected,
    Disconnected,
    Ended,
    Event,
    Message,
    MessageChanged,
    NotConnected,
    SendRefused,
    UserJoined,
    UserLeft,
    UserList,
    connect,
)
from tornchat.errors import REMOVED, ROOM_NOT_FOUND, UNAUTHORIZED
from tornchat.model import PLAIN

MOST_TRIES = 6
WORDS = MappingProxyType(
    {
        UNAUTHORIZED: "the server does not accept this token: use the server's own --config, or --token",
        ROOM_NOT_FOUND: "there is no such room for you",
        REMOVED: "you were removed from this room",
    }
)


class GivenUp(Exception):
    """Ends the client. The text is the reason."""


class Terminal:
    """One user in one room, until the end of input."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._seen = ("", 0)  # the epoch, and the last position printed
        self._failures = 0
        self._refused = False

    async def run(self) -> int:
        """Run until the end of input; return the exit status, 0 if every message was stored."""
        try:
            await self._stay()
        except NotConnected as error:
            return _end(f"no connection: {error.reason}")
        except Ended as end:
            words = WORDS.get(end.code or 0)
            return _end(f"closed with {end.code}: {words}" if words else end.reason)
        except GivenUp as error:
            return _end(str(error))
        return int(self._refused)

    async def _stay(self) -> None:
        async with connect(self._url, self._token) as chat:
            await self._in_room(chat)

    async def _in_room(self, chat: Client) -> None:
        hearing = asyncio.create_task(self._hear(chat))
        talking = asyncio.create_task(self._talk(chat))
        await asyncio.wait({talking, hearing}, return_when=asyncio.FIRST_COMPLETED)
        talking.cancel()
        await asyncio.wait({talking})
        await chat.close()
        await hearing

    async def _talk(self, chat: Client) -> None:
        lines = TypedLines()
        while (line := await lines.next()) is not None:
            try:
                await chat.send(line)
            except SendRefused as refusal:
                self._refused = True
                click.echo(f"! {printable(refusal.text)}", err=True)

    async def _hear(self, chat: Client) -> None:
        async for event in chat:
            if isinstance(event, MessageChanged) and event.open is not None:
                _on_streamed(chat.messages.get(event.seq))
            else:
                self._print(event)

    def _print(self, event: Event) -> None:
        match event:
            case Connected():
                self._on_connected(event)
            case Disconnected():
                self._on_disconnected(event)
            case UserList(users=users):
                _say("* here: " + ", ".join(user.username for user in users))
            case Message():
                self._on_message(event)
            case MessageChanged(text=str(text)):
                _say(f"* edited: {text}")
            case UserJoined(username=name):
                _say(f"* {name} joined")
            case UserLeft(username=name):
                _say(f"* {name} left")

    def _on_connected(self, event: Connected) -> None:
        self._failures = 0
        if self._seen[0] != event.epoch:
            self._seen = (event.epoch, 0)

    def _on_disconnected(self, event: Disconnected) -> None:
        self._failures += 1
        if self._failures >= MOST_TRIES:
            raise GivenUp(f"no connection: {event.reason}")
        click.echo(f"* connection lost ({printable(event.reason)}), trying again", err=True)

    def _on_message(self, event: Message) -> None:
        epoch, seen = self._seen
        if event.seq > seen:
            self._seen = (epoch, event.seq)
            if event.text:
                more = " …" if event.open else ""
                _say(f"{event.sender_username}: {text_of(event)}{more}")


def _on_streamed(message: Message | None) -> None:
    """Print the whole of a streamed message that is closed; its beginning was printed when it came."""
    if message is not None and message.text and not message.open:
        _say(f"{message.sender_username}: {text_of(message)}")


def text_of(message: Message) -> str:
    """Return the text of a message; one of a kind that a plugin brings says which."""
    return message.text if message.kind == PLAIN else f"[{message.kind}] {message.text}"


def _end(reason: str) -> int:
    click.echo(f"* {printable(reason)}", err=True)
    return 1


def _say(text: str) -> None:
    """Print a line. Raises `GivenUp` if the output fails, which must not count as a lost connection."""
    try:
        click.echo(printable(text))
    except OSError as error:
        _drop_output()
        raise GivenUp(f"the output can't be written: {error.strerror}") from None


def _drop_output() -> None:
    """Redirect stdout to /dev/null, since flushing its buffer would fail again when the interpreter exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
