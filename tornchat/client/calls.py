"""Calls of the HTTP API of the server of a room, in a thread."""

from __future__ import annotations

import asyncio
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote

import msgspec

from tornchat.client.address import Address, parse_address
from tornchat.client.errors import NotConnected
from tornchat.client.token import Token, TokenSource

SECONDS = 10.0
MOST_BYTES = 4 * 1024 * 1024
"""Longest answer that is read: 1,000 ids of 256 characters are at most 2 MiB of JSON."""
ROOMS = "/ws/chat/"


class Answer(msgspec.Struct, frozen=True):
    """The status and the body of an answer."""

    status: int
    body: bytes


async def call(
    url: str,
    token: TokenSource,
    method: str,
    path: str,
    body: object = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Make a call at `path` below `/api/` of the server of the room at `url`, and return the answer.

    Raises `NotConnected` if there is no answer, and `ValueError` if the URL or the token is invalid.
    """
    address, given = parse_address(url), Token(token)
    bearer = await given.get()
    content = None if body is None else msgspec.json.encode(body)
    try:
        return await asyncio.to_thread(_ask, address, bearer, method, path, content, tls)
    except (OSError, HTTPException) as error:
        raise NotConnected(f"the call failed: {type(error).__name__}") from error


def url_of(url: str, room: str) -> str:
    """Return the URL of another room of the server of the room at `url`."""
    return f"{url.partition(ROOMS)[0]}{ROOMS}{quote(room, safe='')}/"


def _ask(
    address: Address, token: str, method: str, path: str, body: bytes | None, tls: ssl.SSLContext | None
) -> Answer:
    """Make the call, in a thread. It follows no redirect, which would pass the token on."""
    if address.secure:
        context = tls or ssl.create_default_context()
        connection: HTTPConnection = HTTPSConnection(
            address.host, address.port, timeout=SECONDS, context=context
        )
    else:
        connection = HTTPConnection(address.host, address.port, timeout=SECONDS)
    try:
        prefix = address.target.partition(ROOMS)[0]
        headers = {"Authorization": f"Bearer {token}", "Host": address.authority}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, f"{prefix}/api/{path}", body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(MOST_BYTES))
    finally:
        connection.close()
