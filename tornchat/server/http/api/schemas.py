"""Conversion of msgspec types to the schemas and parameters of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from tornchat.server.http.api.endpoint import Endpoint

Schema: TypeAlias = dict[str, Any]
PLACES = (("path", "path"), ("query", "query"), ("headers", "header"))


class Schemas:
    """The schemas of the input and output types of endpoints. Any: JSON types."""

    def __init__(
        self, endpoints: Iterable[Endpoint], more: Iterable[type], formats: Mapping[str, Schema]
    ) -> None:
        """`more` are additional types; `formats` maps formats to the schemas that replace them."""
        inputs = [form for endpoint in endpoints for form in endpoint.inputs.values()]
        answers = [endpoint.answer for endpoint in endpoints if endpoint.answer is not None]
        types = list(dict.fromkeys([*inputs, *answers, *more]))
        references, components = msgspec.json.schema_components(
            types, ref_template="#/components/schemas/{name}"
        )
        self._names = {
            form: ref["$ref"].rpartition("/")[2] for form, ref in zip(types, references, strict=True)
        }
        self._all: dict[str, Schema] = {name: _as_set(schema, formats) for name, schema in components.items()}

    def reference(self, form: type) -> Schema:
        """Return the reference to the schema of a type."""
        return {"$ref": f"#/components/schemas/{self._names[form]}"}

    def components(self, parameters: Iterable[type]) -> dict[str, Schema]:
        """Return the schemas by name, without the types `parameters`, which are not bodies."""
        left_out = {self._names[form] for form in parameters}
        return {name: schema for name, schema in self._all.items() if name not in left_out}

    def parameters(self, endpoint: Endpoint) -> list[Schema]:
        """Return the path, query and header parameters of an endpoint."""
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
    """Remove null from the types of a parameter, which may be missing but not null."""
    schema = dict(schema)
    if schema.get("default", "") is None:
        del schema["default"]
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema |= choices[0]
    elif choices:
        schema["anyOf"] = choices
    return schema


def _as_set(schema: Any, formats: Mapping[str, Schema]) -> Any:
    """Replace formats by the schemas that the settings define, recursively."""
    if isinstance(schema, list):
        return [_as_set(one, formats) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: _as_set(value, formats) for key, value in schema.items()}
    if found.get("format") in formats:
        found |= formats[found.pop("format")]
    return found
