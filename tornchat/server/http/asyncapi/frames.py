"""The frames of both dialects, with sender, type and example."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from tornchat.errors import CODES
from tornchat.model import Participant
from tornchat.wire import (
    Ack,
    ChatMessage,
    ClassicError,
    ClassicSend,
    ListedUser,
    MessageDeleted,
    RoomUsersList,
    UserJoin,
    UserLeave,
    V1ChatMessage,
    V1Error,
    V1Ping,
    V1Pong,
    V1RoomUsersList,
    V1Send,
    V1UserJoin,
    V1Welcome,
)

Sender: TypeAlias = Literal["client", "server"]
ANN, WHEN = Participant("user-id", "user123"), "2024-03-14T12:00:00Z"


class Frame(NamedTuple):
    """A kind of frame. The type of its example is the type that decodes or encodes it."""

    sender: Sender
    title: str
    example: msgspec.Struct

    @property
    def name(self) -> str:
        """The name of the type."""
        return type(self.example).__name__


_LIST = Frame(
    "server",
    "Room users list",
    RoomUsersList([ListedUser(ANN.id, ANN.username), ListedUser("user-id2", "user456")]),
)
_V1_LIST = Frame(
    "server", "Room users list", V1RoomUsersList([ANN, Participant("guest-id2", "user456", guest=True)])
)
_JOIN = Frame("server", "User joined", UserJoin(ANN.id, ANN.username))
_V1_JOIN = Frame("server", "User joined", V1UserJoin("guest-id2", "user456", guest=True))
_LEAVE = Frame("server", "User left", UserLeave(ANN.id, ANN.username))

CLASSIC = (
    Frame("client", "Send a message", ClassicSend("Hello world!")),
    _LIST,
    Frame("server", "Chat message", ChatMessage("Hello world!", ANN.username, ANN.id, WHEN)),
    _JOIN,
    _LEAVE,
    Frame("server", "Error", ClassicError(CODES["empty_message"])),
)
V1 = (
    Frame("client", "Send a message", V1Send("a1b2c3", "Hello world!")),
    Frame("client", "Ping", V1Ping()),
    Frame("server", "Welcome", V1Welcome("general", ANN, "5d1b2c9f0a7e4836", 41, False)),
    _V1_LIST,
    Frame("server", "Chat message", V1ChatMessage("Hello world!", ANN.username, ANN.id, WHEN, 42)),
    Frame("server", "Message deleted", MessageDeleted(42, 57)),
    _V1_JOIN,
    _LEAVE,
    Frame("server", "Acknowledgement", Ack("a1b2c3", 42)),
    Frame("server", "Error", V1Error("muted", CODES["muted"], "a1b2c3", 30.5)),
    Frame("server", "Pong", V1Pong()),
)
REPLIES = ("Ack", "V1Error", "V1Pong")
"""The replies to a frame of a v1 client, besides its message itself."""
CLOSED_FRAMES = frozenset({"ChatMessage", "ClassicError"})
"""Frames that will never get additional keys, since the classic dialect does not change."""
