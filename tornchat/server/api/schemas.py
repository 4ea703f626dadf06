"""From msgspec types to the schemas and parameters of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from tornchat.server.api.endpoint import Endpoint
from tornchat.server.api.forms import ROOM_FORMAT

Schema: TypeAlias = dict[str, Any]
PLACES = (("path", "path"), ("query", "query"), ("headers", "header"))


class Schemas:
    """The schemas of all types that some endpoints take and give. Any: JSON's own types."""

    def __init__(self, endpoints: Iterable[Endpoint], more: Iterable[type], name_pattern: str) -> None:
        """`more` are types besides those of `endpoints`; `name_pattern` is a room's (a whole match)."""
        inputs = [form for endpoint in endpoints for form in endpoint.inputs.values()]
        answers = [endpoint.answer for endpoint in endpoints if endpoint.answer is not None]
        types = list(dict.fromkeys([*inputs, *answers, *more]))
        references, components = msgspec.json.schema_components(
            types, ref_template="#/components/schemas/{name}"
        )
        self._names = {
            form: ref["$ref"].rpartition("/")[2] for form, ref in zip(types, references, strict=True)
        }
        self._all: dict[str, Schema] = {
            name: _named_rooms(schema, name_pattern) for name, schema in components.items()
        }

    def reference(self, form: type) -> Schema:
        """What stands in the document for a type."""
        return {"$ref": f"#/components/schemas/{self._names[form]}"}

    def components(self, parameters: Iterable[type]) -> dict[str, Schema]:
        """All of them, but those that are no bodies: `parameters` are written one by one."""
        left_out = {self._names[form] for form in parameters}
        return {name: schema for name, schema in self._all.items() if name not in left_out}

    def parameters(self, endpoint: Endpoint) -> list[Schema]:
        """An endpoint's path, query and header parameters."""
        found = []
        for source, place in PLACES:
            if source in endpoint.inputs:
                schema = self._all[self._names[endpoint.inputs[source]]]
                found += [
                    _parameter(name, part, place, schema) for name, part in schema["properties"].items()
                ]
        return found


def _parameter(name: str, schema: Schema, place: str, whole: Schema) -> Schema:
    schema = _without_null(schema)
    parameter: Schema = {"name": name, "in": place, "required": name in whole.get("required", ())}
    description = schema.pop("description", None)
    if description:
        parameter["description"] = description
    return {**parameter, "schema": schema}


def _without_null(schema: Schema) -> Schema:
    """A parameter is there or not; it can't be null."""
    schema = dict(schema)
    if schema.get("default", "") is None:
        del schema["default"]
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema |= choices[0]
    elif choices:
        schema["anyOf"] = choices
    return schema


def _named_rooms(schema: Any, pattern: str) -> Any:
    """Say of room names what the settings say of them."""
    if isinstance(schema, list):
        return [_named_rooms(one, pattern) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: _named_rooms(value, pattern) for key, value in schema.items()}
    if found.get("format") == ROOM_FORMAT:
        del found["format"]
        found["pattern"] = f"^(?:{pattern})$"
    return found
