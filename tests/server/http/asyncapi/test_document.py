"""The document is AsyncAPI 3.0, whole, and as the settings and the page of the wire format say."""

from __future__ import annotations

import inspect
import json
import re

import msgspec
import pytest

from tests.cli.process import run
from tests.server.http.asyncapi.contract import document, kind, messages, meta_schema
from tests.test_docs import documented, rows
from tornchat import wire
from tornchat.config.settings import load
from tornchat.server.http.asyncapi.frames import ALL, CLASSIC, ROOMS, V1


def references(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    return set().union(*map(references, value.values())) | ({value["$ref"]} if "$ref" in value else set())


def test_it_is_valid_asyncapi_3_0():
    assert [error.message for error in meta_schema().iter_errors(document())] == []


def test_what_is_not_asyncapi_is_found():
    broken = document()
    broken["operations"]["v1Say"]["action"] = "dance"
    assert list(meta_schema().iter_errors(broken))


def test_every_reference_leads_somewhere():
    described = document()
    for reference in references(described):
        place = described
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_frame_that_the_dialects_read_or_write_is_there():
    modules = [
        wire.classic,
        wire.shared,
        wire.v1.frames,
        wire.v1.requests,
        wire.rooms,
        wire.hints,
        wire.signals,
    ]
    types = {
        form
        for module in modules
        for name, form in vars(module).items()
        if inspect.isclass(form)
        and issubclass(form, msgspec.Struct)
        and form.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert {type(frame.example) for frame in ALL} == types - {wire.rooms.RoomHead}


@pytest.mark.parametrize(("channel", "frames"), [("classic", CLASSIC), ("v1", V1), ("rooms", ROOMS)])
def test_each_example_is_one(channel, frames):
    described = document()
    for frame in frames:
        action = "receive" if frame.sender == "client" else "send"
        [example] = described["components"]["messages"][frame.name]["examples"]
        assert kind(described, channel, action, example["payload"]) == frame.name


def test_what_is_said_is_as_long_as_the_settings_say():
    schemas = document(load(settings={"limits": {"message_chars": 7}}))["components"]["schemas"]
    assert schemas["V1Send"]["properties"]["message"]["maxLength"] == 7
    schemas = document(load(settings={"limits": {"message_chars": 0}}))["components"]["schemas"]
    assert "maxLength" not in schemas["ClassicSend"]["properties"]["message"]


def test_a_token_in_the_url_is_there_only_if_it_is_allowed():
    allowed = document()
    assert "query" in allowed["components"]["securitySchemes"]
    refused = document(load(settings={"server": {"allow_query_token": False}}))
    assert "query" not in refused["components"]["securitySchemes"]
    assert len(refused["servers"]["chat"]["security"]) == 2
    assert "token" not in refused["channels"]["v1"]["bindings"]["ws"]["query"]["properties"]


def test_the_frames_of_the_wire_format_s_page_are_those_of_the_document():
    described = document()
    found = set()
    for frame in documented():
        for channel, action in (
            ("classic", "send"),
            ("classic", "receive"),
            ("v1", "send"),
            ("v1", "receive"),
            ("rooms", "send"),
            ("rooms", "receive"),
        ):
            try:
                found.add((channel, kind(described, channel, action, frame)))
            except AssertionError:
                continue
    wanted = {
        (channel, name)
        for channel in ("classic", "v1", "rooms")
        for action in ("send", "receive")
        for name in messages(described, channel, action)
    }
    assert found == wanted


def test_the_codes_are_in_the_words_of_the_wire_format_s_page():
    described = document()
    told = [(row["code"], row["meaning"], row["then"]) for row in described["x-close-codes"]]
    assert told == [(int(code), words, then) for code, words, then in rows("# Close codes") if code != "1000"]
    told = [
        (f"`{row['code']}`", row["words"], "yes" if row["retry"] else "no")
        for row in described["x-error-codes"]
    ]
    assert told == [tuple(row) for row in rows("## Errors")]


def test_it_can_be_printed(tmp_path):
    printed = run(tmp_path, "asyncapi", "--set", "tornchat.port=9000").stdout
    assert json.loads(printed)["servers"]["chat"]["host"] == "127.0.0.1:9000"
    assert re.match(r'\{\n  "asyncapi": "3.0.0"', printed)
