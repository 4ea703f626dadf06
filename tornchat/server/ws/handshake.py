"""What a handshake offers: where it comes from, who it claims to be, and what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from tornchat.errors import UNAUTHORIZED, Closed
from tornchat.model import Credentials, Position, TokenSource
from tornchat.wire import V1_SUBPROTOCOL

BEARER_SUBPROTOCOL = "bearer."
DEFAULT_PORTS = MappingProxyType({"http": 80, "https": 443})


def origin_allowed(request: HTTPServerRequest, allowed: Sequence[str]) -> bool:
    """Say whether a page of this origin may connect: this site's own, or one that is listed.

    Who sends no Origin is not a browser and is allowed (RFC 6455, 10.2). `Sec-Fetch-Site` is not
    believed: anybody can send it.
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
    """What stands in `Sec-WebSocket-Protocol`."""
    joined = ",".join(request.headers.get_list("Sec-WebSocket-Protocol"))
    return [name.strip() for name in joined.split(",") if name.strip()]


def asks_for_v1(request: HTTPServerRequest) -> bool:
    """True if the client speaks `tornchat.v1`."""
    return V1_SUBPROTOCOL in offered_subprotocols(request)


def credentials(request: HTTPServerRequest, room: str, allow_query_token: bool) -> Credentials:
    """Gather what proves who this is. Raises `Closed` (4001) if it offers two things that differ."""
    return _gathered(request, room, _offers(request, allow_query_token))


def header_credentials(request: HTTPServerRequest, room: str) -> Credentials:
    """The same for a plain request, whose token is in its `Authorization` header and nowhere else."""
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
        headers={name.lower(): ", ".join(request.headers.get_list(name)) for name in request.headers},
        cookies={name: morsel.value for name, morsel in request.cookies.items()},
    )


def _header_offers(request: HTTPServerRequest) -> list[tuple[TokenSource, str]]:
    found: list[tuple[TokenSource, str]] = []
    for header in request.headers.get_list("Authorization"):
        scheme, _, token = header.strip().partition(" ")
        # What is no bearer token can't be one of these; it still counts as an offer that must not differ.
        found.append(("header", token.strip() if scheme.lower() == "bearer" else ""))
    return found


def _offers(request: HTTPServerRequest, allow_query_token: bool) -> list[tuple[TokenSource, str]]:
    found = _header_offers(request)
    for name in offered_subprotocols(request):
        if name.startswith(BEARER_SUBPROTOCOL):
            found.append(("subprotocol", name.removeprefix(BEARER_SUBPROTOCOL)))
    if allow_query_token:
        for value in request.query_arguments.get("token", []):
            found.append(("query", value.decode("utf-8", "replace")))
    return found


def asked_position(request: HTTPServerRequest) -> Position | None:
    """The position in `?since=<seq>&epoch=<epoch>`; None if there is none, or none that can be.

    Only v1 can say that it was resumed, or was not.
    """
    if not asks_for_v1(request):
        return None
    since, epoch = request.query_arguments.get("since"), request.query_arguments.get("epoch")
    if not since or not epoch or not since[-1].isdigit() or len(since[-1]) > 18:
        return None
    return Position(epoch[-1].decode("utf-8", "replace"), int(since[-1]))
