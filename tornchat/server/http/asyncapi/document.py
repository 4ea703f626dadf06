"""The AsyncAPI document of one chat."""

from __future__ import annotations

import inspect
from functools import cached_property

import msgspec

from tornchat.config.settings import Settings
from tornchat.errors import CODES, RETRYABLE
from tornchat.server.http.asyncapi.channels import Part, channels, operations
from tornchat.server.http.asyncapi.closing import CLOSE_CODES
from tornchat.server.http.asyncapi.frames import CLASSIC, CLOSED_FRAMES, V1, Frame
from tornchat.version import __version__

WORDS = (
    "A room is a log: every entry has a place in it. On connecting come the list of users, the history, and "
    "then what happens, in one order for all. The upgrade is accepted before the token is looked at, so that "
    "a close code can say why not."
)


class Description:
    """The document of the chat under `prefix` ("" or "/talk"): AsyncAPI 3.0, as JSON's own types."""

    def __init__(self, settings: Settings, prefix: str = "") -> None:
        self._settings = settings
        self._prefix = prefix

    def at(self, host: str, secure: bool = False) -> Part:
        """Give it for who finds the chat at `host`, with its port, over TLS or not."""
        schemes = self._anywhere["components"]["securitySchemes"]
        security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in schemes]
        server = {"host": host, "protocol": "wss" if secure else "ws", "security": security}
        return {**self._anywhere, "servers": {"chat": server}}

    @cached_property
    def _anywhere(self) -> Part:
        """All but the servers. Written once: it takes milliseconds, and anybody may ask."""
        return _written(self._settings, self._prefix)


def _written(settings: Settings, prefix: str) -> Part:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "tornchat", "version": __version__, "description": WORDS},
        "defaultContentType": "application/json",
        "channels": channels(prefix, settings),
        "operations": operations(),
        "components": {
            "messages": {frame.name: _message(frame) for frame in (*CLASSIC, *V1)},
            "schemas": _schemas(settings.limits.message_chars),
            "securitySchemes": _security_schemes(settings),
        },
        "x-close-codes": [{"code": c.code, "meaning": c.meaning, "then": c.then} for c in CLOSE_CODES],
        "x-error-codes": [{"code": c, "words": words, "retry": c in RETRYABLE} for c, words in CODES.items()],
    }


def _message(frame: Frame) -> Part:
    return {
        "name": frame.name,
        "title": frame.title,
        "summary": " ".join((inspect.getdoc(type(frame.example)) or "").split()),
        "payload": {"$ref": f"#/components/schemas/{frame.name}"},
        "examples": [{"payload": msgspec.to_builtins(frame.example)}],
    }


def _schemas(message_chars: int) -> Part:
    """The frames' types. What the settings say of a message's length is said here, too."""
    types = list(dict.fromkeys(type(frame.example) for frame in (*CLASSIC, *V1)))
    _, found = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schemas = {name: _without_nulls(schema) for name, schema in found.items()}
    for name in CLOSED_FRAMES:
        schemas[name]["additionalProperties"] = False
    for name in ("ClassicSend", "V1Send"):
        length = {"minLength": 1, **({"maxLength": message_chars} if message_chars else {})}
        schemas[name]["properties"]["message"] |= length
    schemas["V1Error"]["properties"]["code"]["enum"] = list(CODES)
    return schemas


def _without_nulls(schema: Part) -> Part:
    """A key that may be missing is never null on the wire."""
    for name, part in schema.get("properties", {}).items():
        if part.get("default", "") is None:
            [choice] = [choice for choice in part.pop("anyOf") if choice != {"type": "null"}]
            del part["default"]
            schema["properties"][name] = {**choice, **part}
    return schema


def _security_schemes(settings: Settings) -> Part:
    schemes: Part = {
        "header": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "`Authorization: Bearer <token>`",
        },
        "subprotocol": {
            "type": "httpApiKey",
            "in": "header",
            "name": "Sec-WebSocket-Protocol",
            "description": "`tornchat.v1, bearer.<token>`, for browsers. It is never echoed.",
        },
    }
    if settings.server.allow_query_token:
        words = "`?token=<token>`, for testing: URLs end up in logs."
        schemes["query"] = {"type": "httpApiKey", "in": "query", "name": "token", "description": words}
    return schemes
