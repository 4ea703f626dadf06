"""The data of the page /asyncapi/, derived from the document so that both always agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from tornchat.server.http.asyncapi.channels import Part

SAID = (("receive", "You send"), ("send", "You receive"))
BOUNDS = (("minimum", "from"), ("minLength", "length from"), ("maxLength", "to"))


class Row(NamedTuple):
    """A key of a frame, or a parameter."""

    key: str
    kind: str
    required: bool
    words: str


class Card(NamedTuple):
    """A kind of frame."""

    anchor: str
    title: str
    summary: str
    rows: Sequence[Row]
    example: str


class Group(NamedTuple):
    """The frames that one side sends in a dialect."""

    title: str
    cards: Sequence[Card]


class Chapter(NamedTuple):
    """A dialect."""

    anchor: str
    title: str
    words: str
    address: str
    query: Sequence[Row]
    groups: Sequence[Group]


def marked(text: str) -> str:
    """Return a text as HTML, with parts in backticks marked as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def chapters(document: Part) -> list[Chapter]:
    """Return a chapter for each dialect in the document."""
    return [_chapter(document, key, channel) for key, channel in document["channels"].items()]


def _chapter(document: Part, key: str, channel: Part) -> Chapter:
    binding = channel["bindings"]["ws"]
    rows = [*_rows(document, binding["query"]), *_rows(document, binding["headers"])]
    groups = [Group(title, list(_cards(document, key, action))) for action, title in SAID]
    return Chapter(key, channel["title"], channel["description"], channel["address"], rows, groups)


def _cards(document: Part, channel: str, action: str) -> Iterator[Card]:
    for operation in document["operations"].values():
        if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}":
            for reference in operation["messages"]:
                yield _card(document, channel, reference["$ref"].rpartition("/")[2])


def _card(document: Part, channel: str, name: str) -> Card:
    message = document["components"]["messages"][name]
    rows = list(_rows(document, document["components"]["schemas"][name]))
    example = "\n".join(
        json.dumps(one["payload"], indent=2, ensure_ascii=False) for one in message.get("examples", ())
    )
    return Card(f"{channel}-{name}", message["title"], message["summary"], rows, example)


def _rows(document: Part, schema: Part) -> Iterator[Row]:
    required = schema.get("required", ())
    for key, part in schema["properties"].items():
        yield Row(key, _kind(document, part), key in required, part.get("description", ""))


def _kind(document: Part, part: Part) -> str:
    if "$ref" in part:
        target = document["components"]["schemas"][part["$ref"].rpartition("/")[2]]
        if "properties" not in target:
            return "list"
        return "{" + ", ".join(target["properties"]) + "}"
    if part.get("type") == "array":
        return f"list of {_kind(document, part['items'])}"
    if len(part.get("enum", ())) == 1:
        return json.dumps(part["enum"][0])
    kind: str = part.get("type", "")
    bounds = " ".join(f"{words} {part[key]}" for key, words in BOUNDS if key in part)
    return f"{kind}, {bounds}" if bounds else kind
