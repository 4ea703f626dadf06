"""Negotiation of permessage-deflate (RFC 7692, 7.1). Unsupported and malformed offers are declined."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from tornchat.wire.deflate import WINDOWS

MOST_OFFERS = 10
"""Maximum number of offers considered per handshake."""

_WITHOUT_VALUE = frozenset(
    ("server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits")
)
_WITH_BITS = re.compile(r'((?:server|client)_max_window_bits)\s*=\s*("?)([89]|1[0-5])\2').fullmatch


class Agreed(NamedTuple):
    """The response header, and the LZ77 window (bits) used for frames sent to the client."""

    header: str
    window_bits: int


def agree(headers: Iterable[str]) -> Agreed | None:
    """Accept the first supported offer in the client's `Sec-WebSocket-Extensions` headers.

    Returns None if there is none: the connection is then not compressed. Context takeover is disabled in
    both directions, so that compressed frames can be shared between clients. The client may use any window,
    so `client_max_window_bits` needs no response.
    """
    for offer in ",".join(headers).split(",")[:MOST_OFFERS]:
        name, *parameters = offer.split(";")
        if name.strip() == "permessage-deflate":
            agreed = _accept(parameters)
            if agreed is not None:
                return agreed
    return None


def _accept(parameters: Iterable[str]) -> Agreed | None:
    asked = _read(parameters)
    if asked is None:
        return None
    most = asked.get("server_max_window_bits")
    window = next((bits for bits in WINDOWS if most is None or bits <= most), None)
    if window is None:  # 8 bits, which zlib does not support
        return None
    header = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    return Agreed(header if most is None else f"{header}; server_max_window_bits={window}", window)


def _read(parameters: Iterable[str]) -> dict[str, int | None] | None:
    """Return parameter names with their bits, if any; None if one is unknown, invalid or repeated."""
    asked: dict[str, int | None] = {}
    for parameter in parameters:
        name, bits = parameter.strip(), None
        if name not in _WITHOUT_VALUE:
            found = _WITH_BITS(name)
            if found is None:
                return None
            name, bits = found[1], int(found[3])
        if name in asked:
            return None
        asked[name] = bits
    return asked
