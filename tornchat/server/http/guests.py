"""Who may be a guest: by the settings, or, without any, only who surely sits at this machine."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from tornchat.config.settings import Settings
from tornchat.hooks.loader import Plugin
from tornchat.model import User
from tornchat.rates import Rates

ID_PREFIX = "guest-"
GUEST_ROLE = "guest"
FORWARDING_HEADERS = (
    "CF-Connecting-IP",
    "Fastly-Client-IP",
    "Forwarded",
    "True-Client-IP",
    "Via",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Original-Forwarded-For",
    "X-Original-Host",
    "X-ProxyUser-Ip",
    "X-Real-IP",
)
"""Each of them tells that somebody stands between, and then the address is not the client's."""


class Guests:
    """Says whether guests are let in, and makes them. `rates` are those of single addresses."""

    def __init__(self, settings: Settings, plugins: Sequence[Plugin]) -> None:
        self._settings = settings.guest
        self._untouched = settings.path is None and not _has_key_settings(settings, plugins)
        per_minute = settings.guest.per_minute
        self.rates = Rates(per_minute / 60, per_minute)

    def allowed(self, request: HTTPServerRequest) -> bool:
        """Say whether this client may become a guest."""
        if self._settings.enabled == "auto":
            return self._untouched and sits_here(request)
        return self._settings.enabled == "yes"

    def make(self, username: str, now: float) -> User:
        """A new guest. No two have the same id, and nobody else has one that begins as theirs do."""
        guest_id = ID_PREFIX + secrets.token_urlsafe(12)
        return User(guest_id, username, frozenset({GUEST_ROLE}), now + self._settings.lifetime)


def _has_key_settings(settings: Settings, plugins: Sequence[Plugin]) -> bool:
    """Whoever gave the plugin that signs tokens a setting runs more than a first try."""
    signers = {plugin.name for plugin in plugins if "issue_token" in plugin.hooks}
    return not signers.isdisjoint(settings.section_names())


def sits_here(request: HTTPServerRequest) -> bool:
    """Say whether the client runs on this machine, with nothing between it and the server.

    A proxy on this machine connects from here, too, and may send the server's own address as `Host`. So
    whatever only a proxy sends is a no: its headers, HTTP/1.0, a page of another host.
    """
    hosts = request.headers.get_list("Host")
    return (
        request.version == "HTTP/1.1"
        and len(hosts) == 1
        and is_loopback(request.remote_ip or "")
        and is_loopback(_host_name(hosts[0]))
        and not any(name in request.headers for name in FORWARDING_HEADERS)
        and all(is_loopback(_origin_host(origin)) for origin in request.headers.get_list("Origin"))
    )


def is_loopback(host: str) -> bool:
    """Say whether a name or address means this machine itself."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _host_name(host: str) -> str:
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]@/?#\s]+)(:\d{1,5})?", host.lower())
    return found[1].strip("[]") if found else ""


def _origin_host(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
