"""Reading of handshake requests: Origin, subprotocols, credentials and the requested position."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from tornado.httputil import HTTPHeaders, HTTPServerRequest, parse_cookie

from tornchat.errors import UNAUTHORIZED, Closed
from tornchat.model import Cookies, Credentials, Fields, Position, TokenSource
from tornchat.wire import V1_SUBPROTOCOL

BEARER_SUBPROTOCOL = "bearer."
MOST_SUBPROTOCOLS = 32
DEFAULT_PORTS = MappingProxyType({"http": 80, "https": 443})


def origin_allowed(request: HTTPServerRequest, allowed: Sequence[str]) -> bool:
    """Return whether the request's Origin is this site or is listed in `allowed`.

    A request without an Origin does not come from a browser and is allowed (RFC 6455, 10.2).
    `Sec-Fetch-Site` is ignored, since any client can set it.
    """
    origins = request.headers.get_list("Origin")
    if not origins:
        return True
    if len(origins) > 1:
        return False
    origin = origins[0].lower().rstrip("/")
    return "*" in allowed or origin in [a.lower().rstrip("/") for a in allowed] or _same_site(origin, request)


def _same_site(origin: str, request: HTTPServerRequest) -> bool:
    try:
        asked, own = urlsplit(origin), urlsplit(f"//{request.host.lower()}")
        if asked.scheme not in DEFAULT_PORTS or asked.username is not None:
            return False
        default = DEFAULT_PORTS[asked.scheme]
        return (asked.hostname, asked.port or default) == (own.hostname, own.port or default)
    except ValueError:
        return False


def offered_subprotocols(request: HTTPServerRequest) -> list[str]:
    """Return the values of `Sec-WebSocket-Protocol`; of thousands, only the first ones."""
    joined = ",".join(request.headers.get_list("Sec-WebSocket-Protocol"))
    names = joined.split(",", MOST_SUBPROTOCOLS)[:MOST_SUBPROTOCOLS]
    return [name.strip() for name in names if name.strip()]


def asks_for_v1(request: HTTPServerRequest) -> bool:
    """Return whether the client offers the subprotocol `tornchat.v1`."""
    return V1_SUBPROTOCOL in offered_subprotocols(request)


def credentials(request: HTTPServerRequest, room: str, allow_query_token: bool) -> Credentials:
    """Return the credentials of a handshake. Raises `Closed` (4001) if they are ambiguous.

    The token may be in the `Authorization` header, in the subprotocol `bearer.<token>` and, if
    `allow_query_token` is set, in the query. Several places must hold the same token, each at most one.
    """
    return _gathered(request, room, _offers(request, allow_query_token))


def header_credentials(request: HTTPServerRequest, room: str) -> Credentials:
    """Return the credentials of an HTTP request, whose token is in the `Authorization` header only.

    Raises `Closed` (4001) if there is more than one such header.
    """
    return _gathered(request, room, _header_offers(request))


def _gathered(
    request: HTTPServerRequest, room: str, offers: Sequence[tuple[TokenSource, str]]
) -> Credentials:
    if len({token for _, token in offers}) > 1 or len(offers) != len({source for source, _ in offers}):
        raise Closed(UNAUTHORIZED, "unauthorized", "ambiguous")
    source, token = offers[0] if offers else (None, None)
    return Credentials(
        room=room,
        remote_ip=request.remote_ip or "",
        token=token,
        source=source,
        headers=Fields(partial(_joined, request.headers)),
        cookies=Cookies(partial(parse_cookie, request.headers.get("Cookie", ""))),
    )


def _joined(headers: HTTPHeaders) -> dict[str, str]:
    """Return the headers by their names in lower case, with repeated ones joined."""
    found: dict[str, str] = {}
    for name, value in headers.get_all():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _header_offers(request: HTTPServerRequest) -> list[tuple[TokenSource, str]]:
    found: list[tuple[TokenSource, str]] = []
    for header in request.headers.get_list("Authorization"):
        scheme, _, token = header.strip().partition(" ")
        # Another scheme counts as an empty token, so that combining it with a token is ambiguous.
        found.append(("header", token.strip() if scheme.lower() == "bearer" else ""))
    return found


def _offers(request: HTTPServerRequest, allow_query_token: bool) -> list[tuple[TokenSource, str]]:
    found = _header_offers(request)
    for name in offered_subprotocols(request):
        if name.startswith(BEARER_SUBPROTOCOL):
            # A token with characters that no subprotocol may have is percent-encoded; a JWT has none of them.
            found.append(("subprotocol", unquote(name.removeprefix(BEARER_SUBPROTOCOL))))
    if allow_query_token:
        for value in request.query_arguments.get("token", []):
            found.append(("query", value.decode("utf-8", "replace")))
    return found


def asked_position(request: HTTPServerRequest) -> Position | None:
    """Return the position in `?since=<seq>&epoch=<epoch>`; None if it is missing or malformed.

    Always None for other dialects than v1, since only the v1 welcome states whether resuming succeeded.
    """
    since, epoch = request.query_arguments.get("since"), request.query_arguments.get("epoch")
    if not since or not epoch or not since[-1].isdigit() or len(since[-1]) > 18:
        return None
    if not asks_for_v1(request):
        return None
    return Position(epoch[-1].decode("utf-8", "replace"), int(since[-1]))
