"""Where clients see the chat: the prefix and the scheme, if a trusted proxy has changed them."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from tornchat.config.settings import PREFIX
from tornchat.server.edge.addresses import Proxies, connected

MOST_PREFIX = 256
"""The longest prefix that is believed."""


class Outside:
    """The view of clients. `prefix` is `[server] prefix`."""

    def __init__(self, prefix: str, proxies: Proxies) -> None:
        self._prefix = prefix.rstrip("/")
        self._proxies = proxies

    def prefix(self, request: HTTPServerRequest) -> str:
        """Return the path ("" or "/talk") that a proxy takes away: the one set, or else the one it names.

        `X-Forwarded-Prefix` of anybody but a trusted proxy is ignored, and so is one that is no plain path.
        """
        if self._prefix or not self._proxies.trusts(connected(request)):
            return self._prefix
        named = ",".join(request.headers.get_list("X-Forwarded-Prefix"))
        found = "".join(part.strip().rstrip("/") for part in named.split(","))  # the outermost proxy's first
        return found if len(found) <= MOST_PREFIX and PREFIX.fullmatch(found) else ""

    def is_secure(self, request: HTTPServerRequest) -> bool:
        """Return True if the client uses TLS, to this server or to a trusted proxy."""
        named = request.headers.get_list("X-Forwarded-Proto")
        if named and self._proxies.trusts(connected(request)):
            return named[-1].rpartition(",")[2].strip().lower() in ("https", "wss")
        return request.protocol == "https"
