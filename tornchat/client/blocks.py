"""Reading the list of the users whom a user blocks, from the HTTP API of the same server."""

from __future__ import annotations

import ssl

import msgspec

from tornchat.client.calls import call
from tornchat.client.errors import NotConnected
from tornchat.client.token import TokenSource


class _Blocks(msgspec.Struct):
    user_ids: list[str]


async def read_blocks(url: str, token: TokenSource, *, tls: ssl.SSLContext | None = None) -> frozenset[str]:
    """Return the ids of the users whom the user of this token blocks, for `connect(..., blocked=...)`.

    `url` is the URL of a room, and the arguments are as for `connect`. The result is empty if the server
    stores no blocks. Raises `NotConnected` if there is no answer, or the server refuses, and `ValueError` if
    the URL or the token is invalid.
    """
    try:
        answer = await call(url, token, "GET", "me/blocks", tls=tls)
        if answer.status in (404, 501):
            return frozenset()
        if answer.status != 200:
            raise NotConnected(f"the server answered {answer.status} when asked whom the user blocks")
        return frozenset(msgspec.json.decode(answer.body, type=_Blocks).user_ids)
    except (NotConnected, msgspec.MsgspecError, UnicodeDecodeError) as error:
        if isinstance(error, NotConnected) and error.__cause__ is None:
            raise
        cause = error.__cause__ or error
        raise NotConnected(f"whom the user blocks could not be read: {type(cause).__name__}") from error
