"""The client's address: the peer's, or the one that a trusted proxy names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from tornado.httputil import HTTPHeaders, HTTPServerRequest

from tornchat.rates import ADDRESSES, network_of

FORWARDING_HEADERS = (
    "Akamai-Origin-Hop",
    "CDN-Loop",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "CF-Ray",
    "Client-IP",
    "DO-Connecting-IP",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "Fly-Forwarded-Port",
    "Fly-Forwarded-Proto",
    "Forwarded",
    "Forwarded-For",
    "True-Client-IP",
    "Via",
    "X-Amz-Cf-Id",
    "X-Amzn-Trace-Id",
    "X-AppEngine-User-IP",
    "X-ARR-LOG-ID",
    "X-Azure-ClientIP",
    "X-Azure-FDID",
    "X-Azure-Ref",
    "X-Azure-SocketIP",
    "X-Client-IP",
    "X-Cloud-Trace-Context",
    "X-Cluster-Client-IP",
    "X-Envoy-Attempt-Count",
    "X-Envoy-Expected-Rq-Timeout-Ms",
    "X-Envoy-External-Address",
    "X-Envoy-Internal",
    "X-Envoy-Original-Path",
    "X-Envoy-Peer-Metadata",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Nf-Client-Connection-Ip",
    "X-Original-For",
    "X-Original-Forwarded-For",
    "X-Original-Host",
    "X-Original-URL",
    "X-ProxyUser-Ip",
    "X-Real-IP",
    "X-Scheme",
    "X-SSL-Client-Verify",
    "X-Vercel-Forwarded-For",
    "X-Vercel-Id",
)
"""Headers that proxies and CDNs add. With one of them, the peer's address is not the client's."""
_FORWARDING_NAMES = frozenset(HTTPHeaders(dict.fromkeys(FORWARDING_HEADERS, "")))  # as Tornado spells them
UNIX = "unix"
"""The entry of `[server] trusted_proxies` for peers on a UNIX socket, which have no address."""
NO_ADDRESS = "0.0.0.0"  # noqa: S104 (what Tornado gives as the address of a UNIX socket's peer)
_PORT_OR_BRACKETS = re.compile(r"^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$")
_FORWARDED_FOR = re.compile(r'(?:^|[;,])\s*for\s*=\s*("[^"]*"|[^;,\s]*)', re.IGNORECASE)

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Client(NamedTuple):
    """Who sent a request.

    `address` is for logs and hooks. `network` is the key of rates; None if the address is not known,
    since a proxy that is not trusted stands between. `exempt` clients have no limits on connections and
    handshakes. `direct`: the address is that of the TCP connection.
    """

    address: str
    network: str | None
    exempt: bool = False
    direct: bool = True

    @property
    def offender(self) -> str:
        """The name under which excesses of this client are logged: one for a whole IPv6 network."""
        return self.network or self.address


class Proxies:
    """`[server] trusted_proxies`."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """`trusted` are networks, or `unix`. Raises `ValueError` for anything else."""
        self._networks = tuple(ipaddress.ip_network(each) for each in trusted if each != UNIX)
        self._unix = UNIX in trusted

    def trusts(self, peer: str) -> bool:
        """Return True if the forwarding headers of this peer are believed."""
        if peer == NO_ADDRESS:
            return self._unix
        found = _address(peer)
        return found is not None and self._lists(found)

    def client(self, request: HTTPServerRequest) -> Client:
        """Return who sent a request. The answer depends on the connection and the headers only."""
        peer, decided = _peer(request)
        if decided or not is_forwarded(request.headers):
            return Client(peer, network_of(peer), is_local(peer))
        if not self.trusts(peer):
            return Client(peer, None, exempt=True, direct=False)
        named = self._named(request.headers)
        if named is None:  # counted together, so that a header can't free its sender of a limit
            return Client(peer, f"unclear, through {peer}", direct=False)
        return Client(str(named), network_of(str(named)), direct=False)

    def _named(self, headers: HTTPHeaders) -> Address | None:
        """The client that the headers name; None if they name none, or two that differ.

        A proxy usually writes one of the two headers and passes on the other one as the client sent it.
        """
        chains = [chain for chain in (_forwarded_for(headers), _forwarded(headers)) if chain]
        found = {self._rightmost(chain) for chain in chains}
        return found.pop() if len(found) == 1 else None

    def _rightmost(self, chain: Sequence[str]) -> Address | None:
        """The last address of a chain that is no trusted proxy's; if all of them are, the first."""
        found = None
        for text in reversed(chain):
            found = _address(text)
            if found is None or not self._lists(found):
                break
        return found

    def _lists(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def is_forwarded(headers: HTTPHeaders) -> bool:
    """Return True if a proxy has passed the request on."""
    return not _FORWARDING_NAMES.isdisjoint(headers)


@lru_cache(ADDRESSES)
def is_local(peer: str) -> bool:
    """Return True if a peer runs on this machine."""
    found = _address(peer)
    return peer == NO_ADDRESS or (found is not None and found.is_loopback)


def connected(request: HTTPServerRequest) -> str:
    """Return the address of the TCP connection, whatever `HTTPServer(xheaders=True)` has made of it."""
    context = getattr(request.connection, "context", None)
    return str(getattr(context, "_orig_remote_ip", None) or _peer(request)[0])


def _peer(request: HTTPServerRequest) -> tuple[str, bool]:
    """The connection's address, and True if the host's `HTTPServer(xheaders=True)` has replaced it."""
    context = getattr(request.connection, "context", None)
    address = str(getattr(context, "remote_ip", None) or request.remote_ip or "")
    return address, address != getattr(context, "_orig_remote_ip", address)


def _forwarded_for(headers: HTTPHeaders) -> list[str]:
    return _items(headers.get_list("X-Forwarded-For"))


def _forwarded(headers: HTTPHeaders) -> list[str]:
    """The `for` of each hop (RFC 7239); an empty text for a hop without one."""
    hops = _items(headers.get_list("Forwarded"))
    found = [_FORWARDED_FOR.search(hop) for hop in hops]
    return [match[1].strip('"') if match else "" for match in found]


def _items(lines: Iterable[str]) -> list[str]:
    return [item.strip() for item in ",".join(lines).split(",")] if lines else []


@lru_cache(ADDRESSES)
def _address(text: str) -> Address | None:
    """An address as it stands in these headers: maybe with a port, in brackets, or IPv4 mapped to IPv6."""
    bare = _PORT_OR_BRACKETS.sub(r"\1\2", text)
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
