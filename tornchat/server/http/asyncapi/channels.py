"""The endpoint in its two dialects: what a handshake holds, and who sends what."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from tornchat.config.settings import Settings
from tornchat.server.http.asyncapi.frames import CLASSIC, REPLIES, V1, Frame
from tornchat.wire import V1_SUBPROTOCOL

Part: TypeAlias = dict[str, Any]
"""A piece of the document. Any: JSON's own types."""

CLASSIC_WORDS = "Spoken with every client that names no subprotocol. It never changes."
V1_WORDS = (
    "Spoken with clients that ask for the subprotocol `tornchat.v1`: positions, acknowledgements, error "
    "codes, resuming without gaps. Ignore types and keys that you don't know: more will come."
)
TOKEN = MappingProxyType(
    {"token": {"type": "string", "description": "The access token. URLs end up in the logs of proxies."}}
)
POSITION = MappingProxyType(
    {
        "since": {
            "type": "integer",
            "minimum": 0,
            "description": "The highest place that you have received.",
        },
        "epoch": {"type": "string", "description": "The epoch of the welcome that `since` came under."},
    }
)
SUBPROTOCOLS = MappingProxyType(
    {
        "Sec-WebSocket-Protocol": {
            "type": "string",
            "pattern": V1_SUBPROTOCOL.replace(".", r"\."),
            "description": f"`{V1_SUBPROTOCOL}`, and `bearer.<token>` where no header can be set.",
            "examples": [f"{V1_SUBPROTOCOL}, bearer.<token>"],
        }
    }
)


def channels(prefix: str, settings: Settings) -> Part:
    """Both dialects, each a channel at the one address."""
    query: Part = {**TOKEN} if settings.server.allow_query_token else {}
    name = settings.rooms.name_pattern
    return {
        "classic": _channel("classic", CLASSIC_WORDS, prefix, name, CLASSIC, query, {}),
        "v1": _channel(V1_SUBPROTOCOL, V1_WORDS, prefix, name, V1, query | POSITION, {**SUBPROTOCOLS}),
    }


def operations() -> Part:
    """Who sends what; `receive` is what the server receives."""
    reply = {"channel": {"$ref": "#/channels/v1"}, "messages": [_reference("v1", name) for name in REPLIES]}
    return {
        "classicSay": _operation("classic", "receive", CLASSIC, "Say something in the room."),
        "classicHear": _operation("classic", "send", CLASSIC, "What happens in the room."),
        "v1Say": {**_operation("v1", "receive", V1, "Say something in the room."), "reply": reply},
        "v1Hear": _operation("v1", "send", V1, "What happens in the room."),
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
        "parameters": {"room": {"description": f"The room's name; it matches `{pattern}`."}},
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
