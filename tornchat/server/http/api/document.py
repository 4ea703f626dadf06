"""Generation of the OpenAPI document from the table of endpoints and the routes of plugins."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tornchat.config.settings import Settings
from tornchat.server.http.api.endpoint import MEANINGS, Endpoint
from tornchat.server.http.api.foreign import paths_of
from tornchat.server.http.api.forms import MESSAGE_FORMAT, ROOM_FORMAT
from tornchat.server.http.api.problems import MEDIA_TYPE, ProblemBody
from tornchat.server.http.api.schemas import Schema, Schemas
from tornchat.version import __version__

RETRY_AFTER = (("Retry-After", {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}),)
SUMMARY = "A realtime chat server: rooms, messages, members and moderation."
BEARER = "bearer"
NOT_EMPTY = r"^[^\x00]*[^\s\x00\x1c-\x1f\x85][^\x00]*$"
"""Pattern for the text of a message: no NUL, and not blank."""


def openapi(endpoints: Iterable[Endpoint], routes: Iterable[Any], prefix: str, settings: Settings) -> Schema:
    """Return the OpenAPI 3.1 document of the calls under `prefix`.

    `routes` are additional Tornado rules, such as those of plugins.
    """
    endpoints = list(endpoints)
    schemas = Schemas(endpoints, [ProblemBody], formats(settings))
    paths: Schema = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    for path, operations in paths_of(routes, prefix).items():
        paths.setdefault(path, operations)
    forms = [e.inputs[s] for e in endpoints for s in e.inputs if s != "body"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "tornchat", "version": __version__, "summary": SUMMARY},
        "servers": [{"url": settings.server.prefix.rstrip("/") + prefix or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components(forms),
            "responses": {str(status): _problem(status, schemas) for status in MEANINGS},
            "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def formats(settings: Settings) -> dict[str, Schema]:
    """Return the schemas that replace the formats of room names and messages, according to the settings."""
    message: Schema = {"minLength": 1, "pattern": NOT_EMPTY}
    if settings.limits.message_chars:
        message["maxLength"] = settings.limits.message_chars
    return {ROOM_FORMAT: {"pattern": f"^(?:{settings.rooms.name_pattern})$"}, MESSAGE_FORMAT: message}


def answering(summary: str, form: type, statuses: Mapping[int, str]) -> Schema:
    """Return the attribute `openapi` for a public handler that answers with `form` as JSON."""
    [schema] = msgspec.json.schema_components([form])[1].values()
    content = {"application/json": {"schema": schema}}
    responses = {
        str(status): {"description": words, "content": content} for status, words in statuses.items()
    }
    return {"summary": summary, "tags": ["health"], "security": [], "responses": responses}


def _operation(endpoint: Endpoint, schemas: Schemas) -> Schema:
    summary, _, more = (inspect.getdoc(endpoint.run) or "").partition("\n\n")
    operation: Schema = {
        "operationId": endpoint.name,
        "tags": [endpoint.run.__module__.rpartition(".")[2]],
        "summary": " ".join(summary.split()),
        "responses": _responses(endpoint, schemas),
        "security": [] if endpoint.who == "anybody" else [{BEARER: []}],
    }
    if more:
        operation["description"] = " ".join(more.split())
    parameters = schemas.parameters(endpoint)
    if parameters:
        operation["parameters"] = parameters
    if "body" in endpoint.inputs:
        content = {"application/json": {"schema": schemas.reference(endpoint.inputs["body"])}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _responses(endpoint: Endpoint, schemas: Schemas) -> Mapping[str, Schema]:
    found: Schema = {}
    for status in sorted((endpoint.status, *endpoint.also)):
        found[str(status)] = {"description": "Done."}
        if endpoint.answer is not None:
            content = {"application/json": {"schema": schemas.reference(endpoint.answer)}}
            found[str(status)] = {"description": _first_words(endpoint.answer), "content": content}
    return found | {str(s): {"$ref": f"#/components/responses/{s}"} for s in endpoint.problems}


def _first_words(form: type) -> str:
    return " ".join((inspect.getdoc(form) or "").partition("\n\n")[0].split())


def _problem(status: int, schemas: Schemas) -> Schema:
    answer: Schema = {
        "description": MEANINGS[status],
        "content": {MEDIA_TYPE: {"schema": schemas.reference(ProblemBody)}},
    }
    if status in (429, 503):
        answer["headers"] = dict(RETRY_AFTER)
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return answer
