"""A chat client for a person at a terminal: what comes in stands above the line that is typed.

It needs prompt_toolkit, the extra `chat`. Texts and names of others are escaped before they are shown, so
that no message controls the terminal.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias
from zlib import crc32

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import default_ui_style

from tornchat.cli import commands
from tornchat.cli.commands import Command, NotDone, command_of
from tornchat.cli.masking import printable
from tornchat.cli.older import Older, OlderMessages, Unreadable
from tornchat.cli.terminal import GivenUp, Terminal, text_of
from tornchat.client import (
    Client,
    Connected,
    Disconnected,
    Event,
    Marked,
    Message,
    MessageChanged,
    MessageDeleted,
    SendRefused,
    UserJoined,
    UserLeft,
    UserList,
)

Parts: TypeAlias = list[tuple[str, str]]
"""Pieces of a line, each with its style."""

COLOURS = ("ansigreen", "ansiblue", "ansimagenta", "ansicyan", "ansiyellow", "ansired")
SENDING_SECONDS = 5.0
"""Seconds that messages still on their way have when the user leaves."""
HELP = MappingProxyType(
    {
        "/help": "show this",
        "/users": "who is here",
        "/older": "show older messages (also Page Up)",
        **commands.HELP,
        "/quit": "leave (also Ctrl-D)",
        "//text": "send /text",
    }
)


class Screen(Terminal):
    """One user in one room, until `/quit`, Ctrl-D or Ctrl-C on an empty line."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token)
        self._users: dict[str, str] = {}
        self._own_id = ""
        self._unsent: asyncio.Queue[str | Command] = asyncio.Queue()
        self._waiting = 0
        self._lost = ""
        self._first: int | None = None
        self._asks_older = asyncio.Lock()
        self._older = OlderMessages(url, token)
        self._prompt: PromptSession[str] = PromptSession(
            "> ",
            erase_when_done=True,
            bottom_toolbar=self._toolbar,
            key_bindings=self._keys(),
            enable_suspend=True,
        )

    def _keys(self) -> KeyBindings:
        """Keys that do not end the prompt, so that the terminal never echoes keys by itself in between."""
        keys = KeyBindings()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            line = event.current_buffer.text.strip()
            event.current_buffer.append_to_history()
            event.current_buffer.reset()
            if line:
                self._do(line, event.app)

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
            else:
                event.app.exit(result="")

        @keys.add("pageup")
        def _(event: KeyPressEvent) -> None:
            event.app.create_background_task(self._show_older())

        return keys

    def _toolbar(self) -> str:
        """What is not as usual; an empty bar is not shown."""
        words = [f"not connected: {self._lost}"] if self._lost else []
        words += [f"{self._waiting} not sent yet"] if self._waiting else []
        return " · ".join(words) or "/help"

    # --- what is typed ---

    async def _talk(self, chat: Client) -> None:
        sending = asyncio.create_task(self._send(chat))
        try:
            self._note("type a message, or /help")
            await self._read()
            await self._finish(sending)
        finally:
            sending.cancel()
            await asyncio.wait({sending})

    async def _read(self) -> None:
        """Take keys until the user leaves."""
        try:
            await self._prompt.prompt_async()
        except EOFError:
            pass

    def _do(self, line: str, app: Application[str]) -> None:
        """Obey a command, or send a message. It is shown when it comes back, stored."""
        if line == "/quit":
            app.exit(result="")
        elif line == "/help":
            for name, words in HELP.items():
                self._note(f"{name:14} {words}")
        elif line == "/users":
            self._note("here: " + ", ".join(sorted(self._users.values())))
        elif line == "/older":
            app.create_background_task(self._show_older())
        elif command := command_of(line):
            self._put(command)
        elif line.startswith("/") and not line.startswith("//"):
            self._note(f"there is no command {line.split(maxsplit=1)[0]}; see /help")
        else:
            self._put(line.removeprefix("/"))

    def _put(self, typed: str | Command) -> None:
        self._waiting += 1
        self._unsent.put_nowait(typed)

    async def _send(self, chat: Client) -> None:
        """Send what was typed, in order. Typing goes on meanwhile, also without a connection."""
        while True:
            typed = await self._unsent.get()
            try:
                await self._obey(chat, typed)
            except (SendRefused, NotDone) as refusal:
                self._refused = True
                words = typed if isinstance(typed, str) else f"{typed.name} {typed.rest}".strip()
                reason = refusal.text if isinstance(refusal, SendRefused) else str(refusal)
                self._note(f"not sent: {words!r}: {reason}", "ansired")
            finally:
                self._waiting -= 1
                self._unsent.task_done()

    async def _obey(self, chat: Client, typed: str | Command) -> None:
        if isinstance(typed, Command):
            await typed.run(chat, self._own_id)
        else:
            await chat.send(typed)

    async def _finish(self, sending: asyncio.Task[None]) -> None:
        done = asyncio.create_task(self._unsent.join())
        await asyncio.wait({done, sending}, timeout=SENDING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        if self._waiting:
            self._refused = True
            self._note(f"{self._waiting} messages may not have been sent", "ansired")

    # --- what comes in ---

    async def _hear(self, chat: Client) -> None:
        async for event in chat:
            if isinstance(event, MessageChanged) and event.open is not None:
                self._on_streamed(chat.messages.get(event.seq))
            else:
                self._told(event)

    def _told(self, event: Event) -> None:
        match event:
            case Connected():
                self._on_connected(event)
                self._own_id = event.user.id
                if self._lost:
                    self._lost = ""
                    self._note("connected again")
            case Disconnected():
                self._on_lost(event)
            case UserList(users=users):
                self._users = {user.id: user.username for user in users}
            case UserJoined(user_id=user, username=name):
                self._users[user] = name
                self._note(f"{name} joined")
            case UserLeft(user_id=user, username=name):
                self._users.pop(user, None)
                self._note(f"{name} left")
            case Message():
                self._on_text(event)
            case MessageChanged(text=str(text)):
                self._note(f"a message was edited: {text}")
            case Marked():
                self._on_marked(event)
            case MessageDeleted():
                self._note("a message was deleted")

    def _on_lost(self, event: Disconnected) -> None:
        if not self._lost:
            self._note(f"connection lost ({event.reason}), trying again", "ansired")
        self._lost = event.reason

    def _on_text(self, event: Message) -> None:
        epoch, seen = self._seen
        if event.seq <= seen:
            return
        self._seen = (epoch, event.seq)
        self._first = event.seq if self._first is None else min(self._first, event.seq)
        if event.text:
            text = text_of(event) + (" …" if event.open else "")
            self._show(line_of(event.sent_at, event.sender_id, event.sender_username, text))

    def _on_streamed(self, message: Message | None) -> None:
        """Show the whole of a streamed message that is closed; its beginning was shown when it came."""
        if message is not None and message.text and not message.open:
            text = text_of(message)
            self._show(line_of(message.sent_at, message.sender_id, message.sender_username, text))

    def _on_marked(self, event: Marked) -> None:
        for change in event.changes:
            if change.added:
                name = self._users.get(change.user_id, "somebody")
                self._note(f"{event.kind} of {name}: {' '.join(change.added)}")

    async def _show_older(self) -> None:
        """Show the page before the oldest message shown. Calls at the same time show different pages."""
        async with self._asks_older:
            await self._show_page()

    async def _show_page(self) -> None:
        try:
            older = await self._older.before(self._first)
        except Unreadable as error:
            self._note(f"older messages can't be read: {error}", "ansired")
            return
        if not older:
            self._note("there are no older messages")
            return
        self._first = older[0].seq
        self._note("older messages:")
        for one in older:
            self._show(_line_of_older(one))
        self._note("end of the older messages")

    # --- the screen ---

    def _note(self, words: str, style: str = "ansibrightblack") -> None:
        self._show([(style, "* " + printable(words))])

    def _show(self, parts: Parts) -> None:
        """Print a line above the one that is typed, which is drawn again below it.

        Not with `run_in_terminal`, which leaves the terminal's raw mode: Ctrl-C would be a signal then.
        """
        app = self._prompt.app
        app.renderer.erase()
        try:
            print_formatted_text(app.output, [*parts, ("", "\n")], default_ui_style())
        except OSError as error:
            raise GivenUp(f"the output can't be written: {error.strerror}") from None
        if app.is_running:
            app.renderer.request_absolute_cursor_position()  # without it, no bar is drawn
            app.invalidate()


def line_of(sent_at: datetime, sender_id: str, name: str, text: str) -> Parts:
    """Return a message as a line, with its time here, and a colour for its sender."""
    colour = COLOURS[crc32(sender_id.encode()) % len(COLOURS)]
    when = sent_at.astimezone().strftime("%H:%M ")
    return [("ansibrightblack", when), (f"{colour} bold", printable(name)), ("", f": {printable(text)}")]


def _line_of_older(one: Older) -> Parts:
    return line_of(one.timestamp, one.sender_id, one.sender_username, one.message or "(deleted)")
