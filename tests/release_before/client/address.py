"""Parsing of the URL of a room."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

PORTS = MappingProxyType({"ws": 80, "http": 80, "wss": 443, "https": 443})
SECURE = frozenset({"wss", "https"})


class Address(NamedTuple):
    """The endpoint of a room. `target` is the path with the query."""

    host: str
    port: int
    secure: bool
    authority: str
    target: str

    def resuming(self, epoch: str, since: int) -> str:
        """Return the target that requests the entries after a position."""
        joint = "&" if "?" in self.target else "?"
        return f"{self.target}{joint}{urlencode({'epoch': epoch, 'since': since})}"


def parse_address(url: str) -> Address:
    """Parse a URL: `ws://host:port/ws/chat/ROOM/`, or with `wss`, `http` or `https`.

    Raises `ValueError` if it is invalid, or contains a user, a token or a position. Secrets must not be in a
    URL, since servers and proxies log URLs.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # unbalanced brackets or an invalid port
        host, port = None, None
    if not host or parts.scheme not in PORTS or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("The URL is no room's: write ws://host:port/ws/chat/ROOM/ or wss://...")
    if "@" in parts.netloc or {"token", "since", "epoch"} & parse_qs(parts.query).keys():
        raise ValueError("The URL holds a user, a token or a position: give the token by itself.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(host, port or PORTS[parts.scheme], parts.scheme in SECURE, parts.netloc, target)
