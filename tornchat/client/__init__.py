"""A client library for tornchat servers. A room is an async iterator that reconnects automatically.

    from tornchat.client import Message, connect

    async with connect("ws://127.0.0.1:8888/ws/chat/general/", token) as chat:
        seq = await chat.send("Hello world!")
        async for event in chat:
            if isinstance(event, Message):
                print(event.sender_username, event.text)

It imports no server code and runs on any asyncio event loop.
"""

from __future__ import annotations

from tornchat.client.blocks import read_blocks
from tornchat.client.client import Client, State, connect
from tornchat.client.errors import CallRefused, ClientClosed, ClientError, Ended, NotConnected, SendRefused
from tornchat.client.events import (
    CaughtUp,
    Connected,
    Disconnected,
    Event,
    Marked,
    Message,
    MessageAppended,
    MessageChanged,
    MessageDeleted,
    ReadMoved,
    ReadState,
    RoomChanged,
    Typing,
    UserJoined,
    UserLeft,
    UserList,
)
from tornchat.client.rooms import accept_invite, open_direct
from tornchat.client.token import TokenSource
from tornchat.marks import MarkChange, Tally
from tornchat.model import Participant
from tornchat.streaming import Stream

__all__ = [
    "CallRefused",
    "CaughtUp",
    "Client",
    "ClientClosed",
    "ClientError",
    "Connected",
    "Disconnected",
    "Ended",
    "Event",
    "MarkChange",
    "Marked",
    "Message",
    "MessageAppended",
    "MessageChanged",
    "MessageDeleted",
    "NotConnected",
    "Participant",
    "ReadMoved",
    "ReadState",
    "RoomChanged",
    "SendRefused",
    "State",
    "Stream",
    "Tally",
    "TokenSource",
    "Typing",
    "UserJoined",
    "UserLeft",
    "UserList",
    "accept_invite",
    "connect",
    "open_direct",
    "read_blocks",
]
