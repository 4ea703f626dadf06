"""What a client proves its identity with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import force_setattr

TokenSource: TypeAlias = Literal["header", "subprotocol", "cookie", "query", "frame"]


class Fields(Mapping[str, str]):
    """Fields of a request, such as its headers, read-only."""

    def __init__(self, read: Callable[[], Mapping[str, str]]) -> None:
        """`read` returns the fields. It is called at the first look, which most requests never get."""
        self._read = read

    @cached_property
    def _values(self) -> Mapping[str, str]:
        return {**self._read()}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Cookies(Fields):
    """The cookies of a request, read-only; a header may have thousands.

    `used` is true once a plugin has looked at one of them. The cookies are then a login, which may have
    failed; others, which a site may set for any purpose, are none.
    """

    used = False

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        self.used = True
        return value


class Credentials(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """The credentials in a handshake or request.

    `token` is the bearer token and `source` is where it was found; both are None if there was none.
    `headers` has lower-case names; the values of a repeated header are joined with ", ".
    Both mappings are read-only copies, because every plugin that authenticates receives them.
    The repr omits the token, headers and cookies, so that it may be logged.
    """

    room: str
    remote_ip: str
    token: str | None = None
    source: TokenSource | None = None
    headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if type(self.headers) is not Fields:
            headers = {**self.headers}
            force_setattr(self, "headers", Fields(lambda: headers))
        if type(self.cookies) is not Cookies:
            cookies = {**self.cookies}
            force_setattr(self, "cookies", Cookies(lambda: cookies))

    @property
    def used(self) -> bool:
        """True if there is a token, or if a plugin has looked at one of the cookies."""
        return bool(self.token) or (isinstance(self.cookies, Cookies) and self.cookies.used)

    def __repr__(self) -> str:
        return f"Credentials(room={self.room!r}, remote_ip={self.remote_ip!r}, source={self.source!r})"
