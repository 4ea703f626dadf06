"""The AsyncAPI document of one chat."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import msgspec

from tornchat.config.sections import LimitsSection
from tornchat.config.settings import Settings
from tornchat.errors import CODES, RETRYABLE
from tornchat.kinds import EntryKind
from tornchat.server.http.asyncapi.channels import Part, channels, operations
from tornchat.server.http.asyncapi.closing import CLOSE_CODES
from tornchat.server.http.asyncapi.frames import ALL, CLOSED_FRAMES, Frame
from tornchat.server.http.asyncapi.kinds import add_kinds
from tornchat.version import __version__

WORDS = (
    "A room is a log in which every entry has a position. After connecting, a client receives the user list, "
    "the history and then live events, in the same order for all clients. The server accepts the upgrade "
    "before it verifies the token, so that a close code can state the reason of a refusal."
)


class Description:
    """Generates the AsyncAPI 3.0 document of the chat mounted under `prefix` ("" or "/talk")."""

    def __init__(self, settings: Settings, prefix: str = "", kinds: Sequence[EntryKind] = ()) -> None:
        """`kinds` are those that the plugins of the chat bring."""
        self._settings = settings
        self._kinds = kinds
        self._prefix = prefix
        self._of: tuple[LimitsSection, Part] | None = None

    def at(self, host: str, secure: bool = False, path: str = "") -> Part:
        """Return the document for a server at `host` (with port), with TLS if `secure`.

        `path` is the path of the host below which a proxy has the server.
        """
        schemes = self._anywhere["components"]["securitySchemes"]
        security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in schemes]
        server: Part = {"host": host, "protocol": "wss" if secure else "ws", "security": security}
        if path:
            server["pathname"] = path
        return {**self._anywhere, "servers": {"chat": server}}

    @property
    def _anywhere(self) -> Part:
        """The document without servers, kept for the same limits, since generating it takes milliseconds."""
        limits = self._settings.limits
        if self._of is None or self._of[0] is not limits:
            written = _written(self._settings, self._prefix)
            add_kinds(written, self._kinds)
            self._of = limits, written
        return self._of[1]


def _written(settings: Settings, prefix: str) -> Part:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "tornchat", "version": __version__, "description": WORDS},
        "defaultContentType": "application/json",
        "channels": channels(prefix, settings),
        "operations": operations(),
        "components": {
            "messages": {frame.name: _message(frame) for frame in ALL},
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
    """Return the schemas of the frames, with the limits in the settings."""
    types = list(dict.fromkeys(type(frame.example) for frame in ALL))
    _, found = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schemas = {name: _without_nulls(schema) for name, schema in found.items()}
    for name in CLOSED_FRAMES:
        schemas[name]["additionalProperties"] = False
    for name in ("ClassicSend", "V1Send"):
        length = {"minLength": 1, **({"maxLength": message_chars} if message_chars else {})}
        schemas[name]["properties"]["message"] |= length
    for name in ("V1Error", "RoomError"):
        schemas[name]["properties"]["code"]["enum"] = list(CODES)
    return schemas


def _without_nulls(schema: Part) -> Part:
    """Remove null from the types of optional keys, which are omitted on the wire instead."""
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
        words = "`?token=<token>`, for testing only, since proxies may log URLs."
        schemes["query"] = {"type": "httpApiKey", "in": "query", "name": "token", "description": words}
    return schemes
