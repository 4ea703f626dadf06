"""The wire dialects, which convert between bytes and events. An event is encoded once per dialect.

`Classic` is exactly the documented wire format; `V1` is the subprotocol `tornchat.v1`. A dialect writes whole
WebSocket text frames, which are the same for all members that use it. Empty bytes mean that the dialect does
not represent the event.
"""

from __future__ import annotations

from tornchat.wire.classic import ChatMessage, Classic, ClassicError, ClassicSend
from tornchat.wire.dialect import Dialect, Said, Welcome
from tornchat.wire.listed import ListedUser, encode_participant
from tornchat.wire.repeats import refuse_repeated_keys
from tornchat.wire.shared import RoomUsersList, UserJoin, UserLeave
from tornchat.wire.v1.dialect import V1, V1_SUBPROTOCOL, ending
from tornchat.wire.v1.frames import (
    Ack,
    CaughtUp,
    Marked,
    MessageAppended,
    MessageChanged,
    MessageDeleted,
    RoomChanged,
    V1ChatMessage,
    V1Error,
    V1Pong,
    V1RoomUsersList,
    V1UserJoin,
    V1Welcome,
)
from tornchat.wire.v1.reading import more_of, revision_of
from tornchat.wire.v1.requests import V1Append, V1Close, V1Delete, V1Edit, V1Mark, V1Ping, V1Revise, V1Send

__all__ = [
    "V1",
    "V1_SUBPROTOCOL",
    "Ack",
    "CaughtUp",
    "ChatMessage",
    "Classic",
    "ClassicError",
    "ClassicSend",
    "Dialect",
    "ListedUser",
    "Marked",
    "MessageAppended",
    "MessageChanged",
    "MessageDeleted",
    "RoomChanged",
    "RoomUsersList",
    "Said",
    "UserJoin",
    "UserLeave",
    "V1Append",
    "V1ChatMessage",
    "V1Close",
    "V1Delete",
    "V1Edit",
    "V1Error",
    "V1Mark",
    "V1Ping",
    "V1Pong",
    "V1Revise",
    "V1RoomUsersList",
    "V1Send",
    "V1UserJoin",
    "V1Welcome",
    "Welcome",
    "encode_participant",
    "ending",
    "more_of",
    "refuse_repeated_keys",
    "revision_of",
]
