"""What a person at a terminal does to messages: `/edit`, `/reply` and `/react`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from tornchat.client import Client, Message

HELP = MappingProxyType(
    {
        "/edit text": "give your newest message another text",
        "/reply text": "answer the newest message of somebody else",
        "/react 👍 🎉": "react to it; without emoji, take your reactions back",
        "/reply ^2 text": "answer the message before the newest; so with /edit and /react",
    }
)
_LINE = re.compile(r"(?P<name>/\w+)(?:\s+\^(?P<back>[1-9]\d{0,2}))?(?:\s+(?P<rest>.*))?", re.DOTALL)


class NotDone(Exception):
    """A command that can't be obeyed. The text is the reason."""


class Command(NamedTuple):
    """A command and its text. `back` counts messages from the newest, 1; None: the usual one."""

    name: str
    back: int | None
    rest: str

    async def run(self, chat: Client, user_id: str) -> None:
        """Do it as the user with this id. Raises `NotDone`, and what the client raises."""
        await _ACTS[self.name](self, chat, user_id)

    def target(self, chat: Client, fits: Callable[[Message], bool]) -> int:
        """Return the `seq` of the message that is meant: by default the newest that `fits`."""
        shown = [message for message in chat.messages.values() if message.text]
        found = [message for message in shown if fits(message)] if self.back is None else shown
        number = self.back or 1
        if len(found) < number:
            raise NotDone("there is no such message")
        return found[-number].seq

    def text(self) -> str:
        """Return the text of the command. Raises `NotDone` if there is none."""
        if not self.rest:
            raise NotDone(f"say what: {self.name} text")
        return self.rest


Act: TypeAlias = Callable[[Command, Client, str], Awaitable[object]]


async def _edit(command: Command, chat: Client, user_id: str) -> None:
    text = command.text()
    await chat.edit(command.target(chat, lambda message: message.sender_id == user_id), text)


async def _reply(command: Command, chat: Client, user_id: str) -> None:
    text = command.text()
    await chat.send(text, reply_to=command.target(chat, lambda message: message.sender_id != user_id))


async def _react(command: Command, chat: Client, user_id: str) -> None:
    seq = command.target(chat, lambda message: message.sender_id != user_id)
    await chat.mark(seq, command.rest.split())


_ACTS: MappingProxyType[str, Act] = MappingProxyType({"/edit": _edit, "/reply": _reply, "/react": _react})


def command_of(line: str) -> Command | None:
    """Return the command in a line; None if it is none of these."""
    found = _LINE.fullmatch(line)
    if found is None or found["name"] not in _ACTS:
        return None
    return Command(found["name"], int(found["back"]) if found["back"] else None, found["rest"] or "")
