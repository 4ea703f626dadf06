"""Declaration of an API call: method, path, permission, and a function whose types define the rest."""

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
        401: "The token is missing or invalid.",
        403: "The user is not permitted to do this.",
        404: "It does not exist, or is not visible to the user.",
        409: "It conflicts with something that exists.",
        410: "It was there, and can't be used any more.",
        413: "The body is too large.",
        415: "The body is not application/json.",
        422: "The input does not match the schema.",
        429: "Too many calls. Wait for the time in Retry-After.",
        501: "No loaded plugin provides this.",
        503: "Not available now. Try again after the time in Retry-After.",
    }
)
"""Status -> its description, common to all calls."""


class Endpoint:
    """An API call. `run` takes a `Call` and any of the parameters `path`, `query`, `headers` and `body`.

    The annotations of these parameters and of the result are msgspec types, from which validation and the
    document are derived. The docstring of `run` is the description of the call. `who` is the required
    permission; for "moderator", `run` must check the user's role in the room. `status` is the default status,
    `also` lists further successful ones, and `problems` lists errors that can't be derived from the types.
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
        sends: bool = False,
        tagged: bool = False,
    ) -> None:
        self.method, self.path, self.run, self.who = method, path, run, who
        self.status, self.also = status, also
        self.sends = sends
        """True if the call sends a message, so that its refusals count as refused messages."""
        self.tagged = tagged
        """True if the answer has an ETag, since it is large and often asked for. 304 if the caller has it."""
        hints = get_type_hints(run, include_extras=True)
        names = [name for name in inspect.signature(run).parameters if name in SOURCES]
        self.inputs: Mapping[str, Any] = MappingProxyType({name: hints[name] for name in names})
        """`Source` -> type of the input."""
        self.answer: Any = None if hints["return"] is NoneType else hints["return"]
        self.problems = tuple(sorted({*problems, *self._usual_problems()}))

    @property
    def name(self) -> str:
        """The unique name of the call, for generated clients."""
        return self.run.__name__

    @property
    def pattern(self) -> str:
        """The path as a regular expression, with one group per parameter."""
        parts = re.split(r"\{\w+\}", self.path)
        return "([^/]+)".join(re.escape(part) for part in parts)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    def _usual_problems(self) -> set[int]:
        found = {403, 429, 503}  # 403: a foreign Origin, for any user
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
    """Return the fields of an input type. `encode_name` is the name of a field on the wire."""
    return msgspec.structs.fields(form)
