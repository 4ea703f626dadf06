"""One call of the API, declared: its method and path, who may, and the function whose types say the rest."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType, NoneType
from typing import Any, Literal, TypeAlias, get_type_hints

import msgspec

Who: TypeAlias = Literal["anybody", "user", "moderator", "admin"]
Source: TypeAlias = Literal["path", "query", "headers", "body"]
SOURCES: tuple[Source, ...] = ("path", "query", "headers", "body")

MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        401: "There is no token, or no good one.",
        403: "This user may not do that.",
        404: "It is not there, or not for this user.",
        409: "It is in the way of something that is there already.",
        413: "The body is too big.",
        415: "The body is not application/json.",
        422: "The input does not have the form described here.",
        429: "Too many calls; wait for as long as Retry-After says.",
        501: "No loaded plugin provides this.",
        503: "Not available now; try again after Retry-After.",
    }
)
"""Status -> what it says, wherever it is answered."""


class Endpoint:
    """One call. `run` takes a `Call`, and of `path`, `query`, `headers` and `body` those it names.

    Their annotations are msgspec types, and what it is annotated to return is the answer: the document and
    the validation come from these. Its docstring is the call's description. `who` may call it: a
    "moderator" is one of the room, which `run` has to see to. `status` is the usual one; `also` lists
    others that succeed, `problems` those that fail and that the types don't tell.
    """

    def __init__(
        self,
        method: str,
        path: str,
        run: Callable[..., Awaitable[object]],
        who: Who = "user",
        *,
        status: int = 200,
        also: tuple[int, ...] = (),
        problems: tuple[int, ...] = (),
    ) -> None:
        self.method, self.path, self.run, self.who = method, path, run, who
        self.status, self.also = status, also
        hints = get_type_hints(run, include_extras=True)
        names = [name for name in inspect.signature(run).parameters if name in SOURCES]
        self.inputs: Mapping[str, Any] = MappingProxyType({name: hints[name] for name in names})
        """Where it comes from (a `Source`) -> its type."""
        self.answer: Any = None if hints["return"] is NoneType else hints["return"]
        self.problems = tuple(sorted({*problems, *self._usual_problems()}))

    @property
    def name(self) -> str:
        """A name that no other call has, for generated clients."""
        return self.run.__name__

    @property
    def pattern(self) -> str:
        """The path as a regular expression, with one group per segment that is a parameter."""
        parts = re.split(r"\{\w+\}", self.path)
        return "([^/]+)".join(re.escape(part) for part in parts)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of those segments."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    def _usual_problems(self) -> set[int]:
        found = {403, 429, 503}  # 403: a foreign page, whoever the user is
        if self.who != "anybody":
            found.add(401)
        if self.inputs:
            found.add(422)
        if "body" in self.inputs:
            found |= {413, 415}
        if "{room}" in self.path:
            found.add(404)
        return found


def fields_of(form: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of an input type, each by the name that stands on the wire (`encode_name`)."""
    return msgspec.structs.fields(form)
