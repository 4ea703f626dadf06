"""The frames of both dialects, with sender, type and example."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from tornchat.errors import CODES
from tornchat.marks import MarkChange
from tornchat.model import Participant
from tornchat.wire import (
    Ack,
    CaughtUp,
    ChatMessage,
    ClassicError,
    ClassicSend,
    ListedUser,
    Marked,
    MessageAppended,
    MessageChanged,
    MessageDeleted,
    RoomChanged,
    RoomUsersList,
    UserJoin,
    UserLeave,
    V1Append,
    V1ChatMessage,
    V1Close,
    V1Delete,
    V1Edit,
    V1Error,
    V1Mark,
    V1Ping,
    V1Pong,
    V1Revise,
    V1RoomUsersList,
    V1Send,
    V1UserJoin,
    V1Welcome,
    hints,
    rooms,
    signals,
)

Sender: TypeAlias = Literal["client", "server"]
ANN, WHEN = Participant("user-id", "user123"), "2024-03-14T12:00:00Z"
BOB = Participant("bob-id", "bob")


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
_ROOM_CHANGED = Frame(
    "server", "Room changed", RoomChanged("general", "Tea time", "What we drink today", "open")
)
_AUTH = Frame("client", "Replace the token", rooms.Auth("t1", "<your-jwt-token>"))
_MOVED = Frame("server", "Marker moved", hints.ReadMoved("tea", 41))
_AUTHENTICATED = Frame("server", "Token replaced", rooms.Authenticated("t1", 1790000000))

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
    Frame("client", "Edit a message", V1Edit("a1b2c4", 42, 0, "Hello, world!")),
    Frame("client", "Add to an open message", V1Append("a1b2e2", 61, 10, " is 42")),
    Frame("client", "Close an open message", V1Close("a1b2e3", 61, "complete")),
    Frame("client", "Delete a message", V1Delete("a1b2c5", 42)),
    Frame("client", "Mark a message", V1Mark("a1b2d1", "reaction", 42, ["\N{THUMBS UP SIGN}"])),
    Frame("client", "Move the marker", signals.Read(41)),
    Frame("client", "Typing", signals.Typing()),
    Frame("client", "Revise a message", V1Revise("a1b2d2", "close-poll", 42)),
    Frame("client", "Ping", V1Ping()),
    Frame("server", "Welcome", V1Welcome("general", ANN, "5d1b2c9f0a7e4836", 41, False, 38, 3)),
    _V1_LIST,
    Frame("server", "Chat message", V1ChatMessage("Hello world!", ANN.username, ANN.id, WHEN, 42)),
    Frame("server", "Message changed", MessageChanged(42, 56, 1, "Hello, world!", WHEN)),
    Frame("server", "Message appended", MessageAppended(61, 62, 10, " is 42")),
    Frame(
        "server",
        "Message marked",
        Marked(
            "reaction", 42, 58, {"\N{THUMBS UP SIGN}": 1}, [MarkChange(ANN.id, ("\N{THUMBS UP SIGN}",), ())]
        ),
    ),
    Frame("server", "Message deleted", MessageDeleted(42, 57)),
    _ROOM_CHANGED,
    Frame("server", "Caught up", CaughtUp(57)),
    Frame("server", "User is typing", signals.UserTyping(ANN.id)),
    Frame("server", "User has read", signals.ReadState(ANN.id, 41)),
    _MOVED,
    _V1_JOIN,
    _LEAVE,
    Frame("server", "Acknowledgement", Ack("a1b2c3", 42)),
    Frame("server", "Error", V1Error("muted", CODES["muted"], "a1b2c3", 30.5)),
    Frame("server", "Pong", V1Pong()),
    _AUTH,
    _AUTHENTICATED,
)
ROOMS = (
    Frame("client", "Join a room", rooms.Join("j1", "tea", 41, "5d1b2c9f0a7e4836")),
    Frame("client", "Leave a room", rooms.Leave("l1", "tea")),
    Frame("client", "Watch rooms", rooms.Watch("w1", ["tea", "coffee"])),
    _AUTH,
    Frame("server", "Hello", rooms.Hello(ANN, 1790000000)),
    Frame("server", "Done", rooms.Done("l1", "tea")),
    Frame("server", "Session closed", rooms.RoomClosed("tea", 4003, "removed")),
    Frame("server", "Room news", rooms.RoomNews([rooms.RoomHead("tea", "5d1b2c9f0a7e4836", 42, 42)])),
    _MOVED,
    Frame("server", "Mention", hints.Mention("tea", 42, BOB, "Hello, @you!")),
    Frame("server", "Invited", hints.Invited("tea")),
    Frame("server", "Removed", hints.Removed("tea")),
    _ROOM_CHANGED,
    Frame("server", "Error", rooms.RoomError("not_joined", CODES["not_joined"], "a1b2c3", room="tea")),
    _AUTHENTICATED,
)
"""The frames of a connection for many rooms that are not v1's with the room's name."""
ALL = tuple({frame.name: frame for frame in (*CLASSIC, *V1, *ROOMS)}.values())
REPLIES = ("Ack", "V1Error", "V1Pong")
"""The replies to what a v1 client sends, besides the events that it causes."""
CLOSED_FRAMES = frozenset({"ChatMessage", "ClassicError"})
"""Frames that will never get additional keys, since the classic dialect does not change."""
