"""The frames of the kinds that plugins bring, added to the AsyncAPI document."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from copy import deepcopy
from types import MappingProxyType

import msgspec

from tornchat.kinds import EntryKind
from tornchat.model import Shape
from tornchat.server.http.asyncapi.channels import Part

FRAMES: MappingProxyType[Shape, str] = MappingProxyType(
    {"message": "V1Send", "revision": "V1Revise", "mark": "V1Mark"}
)
"""Shape -> the frame that a client sends."""
SCHEMAS = "#/components/schemas/"


def add_kinds(document: Part, kinds: Iterable[EntryKind]) -> None:
    """Add to a whole document the frame that clients send for each kind, with the type of its `data`."""
    for kind in kinds:
        name = f"{FRAMES[kind.shape]}.{kind.name}"
        schemas = document["components"]["schemas"]
        schemas[name] = _narrowed(schemas[FRAMES[kind.shape]], kind)
        schemas |= _types(kind)
        document["components"]["messages"][name] = _message(name, kind)
        document["channels"]["v1"]["messages"][name] = {"$ref": f"#/components/messages/{name}"}
        said = document["operations"]["v1Say"]["messages"]
        said.append({"$ref": f"#/channels/v1/messages/{name}"})


def _narrowed(schema: Part, kind: EntryKind) -> Part:
    """Return the schema of a frame as it is for one kind."""
    narrowed = deepcopy(schema)
    narrowed["title"] = f"{schema['title']}.{kind.name}"
    properties = narrowed["properties"]
    properties["kind"] = {"enum": [kind.name], "description": f"The kind, a {kind.shape}."}
    required = {*narrowed["required"], "kind"}
    if kind.data is None:
        properties.pop("data", None)
    else:
        properties["data"] = {"$ref": f"{SCHEMAS}{_type_name(kind, kind.data.__name__)}"}
        required |= {"data"} if _needs_keys(kind.data) else set()
    narrowed["required"] = [key for key in properties if key in required]
    return narrowed


def _types(kind: EntryKind) -> Part:
    """Return the schema of the kind's `data` and those it refers to, under names of the kind."""
    if kind.data is None:
        return {}
    template = f"{SCHEMAS}{_type_name(kind, '{name}')}"
    _, found = msgspec.json.schema_components([kind.data], ref_template=template)
    return {_type_name(kind, name): schema for name, schema in found.items()}


def _type_name(kind: EntryKind, name: str) -> str:
    return f"{kind.name}.{name}"


def _needs_keys(data: type[msgspec.Struct]) -> bool:
    return any(field.required for field in msgspec.structs.fields(data))


def _message(name: str, kind: EntryKind) -> Part:
    words = f"A {kind.shape} of the kind `{kind.name}`, which a plugin brings."
    told = " ".join((inspect.getdoc(kind.data) or "").split()) if kind.data is not None else ""
    return {
        "name": name,
        "title": f"The kind {kind.name}",
        "summary": f"{words} {told}".strip(),
        "payload": {"$ref": f"{SCHEMAS}{name}"},
    }
