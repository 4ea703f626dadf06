"""Admission of guests: by the settings, or without any, only for clients on this machine."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from tornchat.config.settings import Settings
from tornchat.hooks.loader import Plugin
from tornchat.model import GUEST, GUEST_ID_PREFIX, User
from tornchat.rates import Rates
from tornchat.server.edge.addresses import is_forwarded


class Guests:
    """Admits and creates guests. `rates` limits guest tokens per address."""

    def __init__(self, settings: Settings, plugins: Sequence[Plugin]) -> None:
        self._settings = settings.guest
        self._plugins = plugins
        self.reload(settings)
        per_minute = settings.guest.per_minute
        self.rates = Rates(per_minute / 60, per_minute)

    def reload(self, settings: Settings) -> None:
        """Look again whether the server is still without settings."""
        self._untouched = settings.path is None and not _has_key_settings(settings, self._plugins)

    def allowed(self, request: HTTPServerRequest) -> bool:
        """Return whether this client may become a guest."""
        if self._settings.enabled == "auto":
            return self._untouched and sits_here(request)
        return self._settings.enabled == "yes"

    def make(self, username: str, now: float) -> User:
        """A new guest. No two have the same id, and nobody else has one that begins as theirs do."""
        guest_id = GUEST_ID_PREFIX + secrets.token_urlsafe(12)
        return User(guest_id, username, frozenset({GUEST}), now + self._settings.lifetime)

    def renewed(self, guest: User, now: float) -> User:
        """The same guest, for another while. Only a guest is one: no role but GUEST outlives this."""
        return User(guest.id, guest.username, frozenset({GUEST}), now + self._settings.lifetime)


def _has_key_settings(settings: Settings, plugins: Sequence[Plugin]) -> bool:
    """Return whether a plugin that issues tokens has settings, which indicates a configured server."""
    signers = {plugin.name for plugin in plugins if "issue_token" in plugin.hooks}
    return not signers.isdisjoint(settings.section_names())


def sits_here(request: HTTPServerRequest) -> bool:
    """Return whether the client runs on this machine and connects without a proxy.

    A proxy on this machine also connects from a loopback address, and may set `Host` to the server's address.
    Requests with any sign of a proxy are therefore rejected: its headers, HTTP/1.0, or a foreign Origin.
    """
    hosts = request.headers.get_list("Host")
    return (
        request.version == "HTTP/1.1"
        and len(hosts) == 1
        and is_loopback(request.remote_ip or "")
        and is_loopback(_host_name(hosts[0]))
        and not is_forwarded(request.headers)
        and all(is_loopback(_origin_host(origin)) for origin in request.headers.get_list("Origin"))
    )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback address."""
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
