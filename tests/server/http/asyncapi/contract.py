"""The document as something to hold frames against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from tornchat.config.settings import Settings
from tornchat.server.http.asyncapi.document import Description

SPECS = Path(__file__).parent / "asyncapi-specs-6.11.1"
"""AsyncAPI's own schema of such documents, from npm's @asyncapi/specs."""

Json = dict[str, Any]


def document(settings: Settings | None = None) -> Json:
    """The document as it is read from the wire."""
    found: Json = json.loads(json.dumps(Description(settings or Settings()).at("localhost:8888")))
    return found


def meta_schema() -> Draft7Validator:
    return Draft7Validator(json.loads((SPECS / "3.0.0.json").read_text(encoding="utf-8")))


def messages(described: Json, channel: str, action: str) -> list[str]:
    """The names of the frames that are received, or sent, in a channel."""
    [operation] = [
        operation
        for operation in described["operations"].values()
        if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
    ]
    return [reference["$ref"].rpartition("/")[2] for reference in operation["messages"]]


def kind(described: Json, channel: str, action: str, frame: Json) -> str:
    """The one kind of frame that `frame` is, by the document alone."""
    names = messages(described, channel, action)
    fitting = [name for name in names if _fits(described, name, frame)]
    assert len(fitting) == 1, f"{frame} is {fitting or 'nothing'} of {names}"
    known = described["components"]["schemas"][fitting[0]]["properties"]
    assert frame.keys() <= known.keys(), f"{frame} has keys that {fitting[0]} does not name"
    return fitting[0]


def _fits(described: Json, name: str, frame: Json) -> bool:
    schema = {"components": described["components"], "allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    return Draft7Validator(schema).is_valid(frame)
