"""What the plays of the Python client share: a room's address, and waiting for an event."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from tests.stage import Stage
from tornchat.client import Client, Event, Message, connect

E = TypeVar("E")


def address(stage: Stage, room: str = "hall") -> str:
    return f"ws://127.0.0.1:{stage.port}/ws/chat/{room}/"


def enter(stage: Stage, user: str, room: str = "hall", **options: object) -> Client:
    """A client of this user, to be entered with `async with`."""
    return connect(address(stage, room), stage.token(user), **options)


async def next_of(chat: Client, kind: type[E], seconds: float = 15) -> E:
    """The next event of a type; others are passed over."""
    async with asyncio.timeout(seconds):
        while True:
            event: Event = await anext(chat)
            if isinstance(event, kind):
                return event


async def hears(chat: Client, count: int, seconds: float = 15) -> list[str]:
    """The texts of the next messages."""
    return [(await next_of(chat, Message, seconds)).text for _ in range(count)]
