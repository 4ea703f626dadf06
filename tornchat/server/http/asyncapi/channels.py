"""The channels and operations of the AsyncAPI document, one channel per dialect."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from tornchat.config.settings import Settings
from tornchat.server.http.asyncapi.frames import CLASSIC, REPLIES, V1, Frame
from tornchat.wire import V1_SUBPROTOCOL

Part: TypeAlias = dict[str, Any]
"""A part of the document. Any: JSON types."""

CLASSIC_WORDS = "The dialect for clients that request no subprotocol. It never changes."
V1_WORDS = (
    "The dialect for clients that request the subprotocol `tornchat.v1`, with positions, acknowledgements, "
    "error codes and resuming without gaps. Clients must ignore unknown types and keys, which may be added."
)
TOKEN = MappingProxyType(
    {"token": {"type": "string", "description": "The access token. Note that proxies may log URLs."}}
)
POSITION = MappingProxyType(
    {
        "since": {
            "type": "integer",
            "minimum": 0,
            "description": "The highest position received.",
        },
        "epoch": {"type": "string", "description": "The epoch of the welcome before the position `since`."},
    }
)
SUBPROTOCOLS = MappingProxyType(
    {
        "Sec-WebSocket-Protocol": {
            "type": "string",
            "pattern": V1_SUBPROTOCOL.replace(".", r"\."),
            "description": f"`{V1_SUBPROTOCOL}`, and `bearer.<token>` for clients that can't set headers.",
            "examples": [f"{V1_SUBPROTOCOL}, bearer.<token>"],
        }
    }
)


def channels(prefix: str, settings: Settings) -> Part:
    """Return a channel for each dialect; both have the same address."""
    query: Part = {**TOKEN} if settings.server.allow_query_token else {}
    name = settings.rooms.name_pattern
    return {
        "classic": _channel("classic", CLASSIC_WORDS, prefix, name, CLASSIC, query, {}),
        "v1": _channel(V1_SUBPROTOCOL, V1_WORDS, prefix, name, V1, query | POSITION, {**SUBPROTOCOLS}),
    }


def operations() -> Part:
    """Return the operations, from the server's point of view: `receive` means that the server receives."""
    reply = {"channel": {"$ref": "#/channels/v1"}, "messages": [_reference("v1", name) for name in REPLIES]}
    return {
        "classicSay": _operation("classic", "receive", CLASSIC, "Send a message to the room."),
        "classicHear": _operation("classic", "send", CLASSIC, "Receive the events of the room."),
        "v1Say": {
            **_operation("v1", "receive", V1, "Send a message to the room, or a ping."),
            "reply": reply,
        },
        "v1Hear": _operation("v1", "send", V1, "Receive the events of the room."),
    }


def _channel(
    title: str, words: str, prefix: str, pattern: str, frames: Sequence[Frame], query: Part, headers: Part
) -> Part:
    binding = {
        "method": "GET",
        "query": {"type": "object", "properties": query},
        "headers": {"type": "object", "properties": headers, "required": list(headers)},
        "bindingVersion": "0.1.0",
    }
    return {
        "address": f"{prefix}/ws/chat/{{room}}/",
        "title": title,
        "description": words,
        "messages": {frame.name: {"$ref": f"#/components/messages/{frame.name}"} for frame in frames},
        "parameters": {"room": {"description": f"The name of the room. It must match `{pattern}`."}},
        "bindings": {"ws": binding},
    }


def _operation(channel: str, action: str, frames: Sequence[Frame], words: str) -> Part:
    sender = "client" if action == "receive" else "server"
    names = [frame.name for frame in frames if frame.sender == sender]
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": words,
        "messages": [_reference(channel, name) for name in names],
    }


def _reference(channel: str, name: str) -> Part:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}
