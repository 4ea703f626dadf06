"""The frames of plugins' kinds in the document: whole, valid, and what a server takes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from jsonschema import Draft7Validator

from tests.polls import OPTIONS, PollsPlugin
from tests.server.http.asyncapi.contract import Json, meta_schema
from tests.server.http.asyncapi.test_document import references
from tornchat.config.settings import Settings
from tornchat.kinds import EntryKind
from tornchat.server.http.asyncapi.document import Description


class Leg(msgspec.Struct):
    miles: int


class Trip(msgspec.Struct):
    """Where somebody went."""

    legs: list[Leg] = []


class Message(msgspec.Struct):
    """A type with the name of another one."""

    trips: list[Trip]


def document(*kinds: EntryKind) -> Json:
    described = Description(Settings(), kinds=kinds).at("localhost:8888")
    found: Json = json.loads(json.dumps(described))
    return found


def accepts(described: Json, name: str, frame: object) -> bool:
    schema = {"components": described["components"], "$ref": f"#/components/schemas/{name}"}
    return Draft7Validator(schema).is_valid(frame)


TRIPS = (
    EntryKind(name="trip", shape="message", data=Trip),
    EntryKind(name="album", shape="message", data=Message),
)


def test_it_is_valid_asyncapi_and_every_reference_leads_somewhere() -> None:
    described = document(*PollsPlugin().entry_kinds(), *TRIPS)
    assert [error.message for error in meta_schema().iter_errors(described)] == []
    for reference in references(described):
        place: Any = described
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_a_frame_is_described_as_the_server_takes_it() -> None:
    described = document(*PollsPlugin().entry_kinds())
    poll = {"type": "send", "id": "a", "message": "?", "kind": "poll", "data": {"options": OPTIONS}}
    assert accepts(described, "V1Send.poll", poll)
    assert not accepts(described, "V1Send.poll", {**poll, "data": {"options": ["one"]}})
    assert not accepts(described, "V1Send.poll", {**poll, "kind": "quiz"})
    assert not accepts(described, "V1Send.poll", {key: poll[key] for key in poll if key != "data"})
    vote = {"type": "mark", "id": "a", "kind": "vote", "seq": 1, "tokens": ["1"]}
    assert accepts(described, "V1Mark.vote", vote)
    assert not accepts(described, "V1Mark.vote", {**vote, "kind": "reaction"})


def test_types_of_several_kinds_are_apart_and_say_what_they_are() -> None:
    described = document(*TRIPS)
    schemas = described["components"]["schemas"]
    assert {"trip.Trip", "trip.Leg", "album.Message", "album.Trip"} <= {*schemas}
    assert schemas["V1Send.trip"]["properties"]["data"] == {"$ref": "#/components/schemas/trip.Trip"}
    assert "data" not in schemas["V1Send.trip"]["required"], "all its fields have defaults"
    summary = described["components"]["messages"]["V1Send.trip"]["summary"]
    assert summary == "A message of the kind `trip`, which a plugin brings. Where somebody went."


def test_without_plugins_nothing_is_added() -> None:
    assert document() == document(*[])
    assert not [name for name in document()["components"]["messages"] if "." in name]
