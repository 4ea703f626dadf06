"""Reading the list of the users whom a user blocks, from the HTTP API of the same server."""

from __future__ import annotations

import asyncio
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection

import msgspec

from tornchat.client.address import Address, parse_address
from tornchat.client.errors import NotConnected
from tornchat.client.token import Token, TokenSource

SECONDS = 10.0
MOST_BYTES = 4 * 1024 * 1024
"""Longest answer that is read: 1,000 ids of 256 characters are at most 2 MiB of JSON."""
ROOMS = "/ws/chat/"


class _Blocks(msgspec.Struct):
    user_ids: list[str]


async def read_blocks(url: str, token: TokenSource, *, tls: ssl.SSLContext | None = None) -> frozenset[str]:
    """Return the ids of the users whom the user of this token blocks, for `connect(..., blocked=...)`.

    `url` is the URL of a room, and the arguments are as for `connect`. The result is empty if the server
    stores no blocks. Raises `NotConnected` if there is no answer, or the server refuses, and `ValueError` if
    the URL or the token is invalid.
    """
    address, given = parse_address(url), Token(token)
    bearer = await given.get()
    try:
        status, body = await asyncio.to_thread(_ask, address, bearer, tls)
        if status in (404, 501):
            return frozenset()
        if status != 200:
            raise NotConnected(f"the server answered {status} when asked whom the user blocks")
        return frozenset(msgspec.json.decode(body, type=_Blocks).user_ids)
    except (OSError, HTTPException, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotConnected(f"whom the user blocks could not be read: {type(error).__name__}") from error


def _ask(address: Address, token: str, tls: ssl.SSLContext | None) -> tuple[int, bytes]:
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
        connection.request("GET", f"{prefix}/api/me/blocks", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES)
    finally:
        connection.close()
