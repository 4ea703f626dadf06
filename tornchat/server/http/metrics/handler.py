"""The handler of `/metrics`, for clients on this machine or permitted by the settings."""

from __future__ import annotations

import hmac
import ipaddress

from tornado.httputil import HTTPServerRequest

from tornchat.config.sections import MetricsSection
from tornchat.server.edge.addresses import is_forwarded
from tornchat.server.http.guests import is_loopback, sits_here
from tornchat.server.http.handler import SiteHandler


class MetricsHandler(SiteHandler):
    """Serves the metrics. Answers 401 or 403 to other clients, and 503 while the chat does not run."""

    async def get(self) -> None:
        settings = self.site.settings.metrics
        if not is_allowed(self.request, settings):
            await slow_guesses(self, settings)
            self._refuse(settings)
        elif self.site.connections is None:
            self.set_status(503)
            self.set_header("Retry-After", "1")
            self.finish("The chat does not run.\n")
        else:
            body, content_type = await self.site.exposition.text(self.request.headers.get("Accept", ""))
            self.set_header("Content-Type", content_type)
            self.set_header("Cache-Control", "no-store")
            await self.send(body)

    def _refuse(self, settings: MetricsSection) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        if settings.token:
            self.set_status(401)
            self.set_header("WWW-Authenticate", "Bearer")
            self.finish("The token of [metrics] is needed.\n")
        else:
            self.set_status(403)
            self.finish("This address may not ask. See [metrics] allow and token.\n")


def is_allowed(request: HTTPServerRequest, settings: MetricsSection) -> bool:
    """Return whether a client may read the metrics, by its token or its address.

    Behind a proxy every client has the address of the proxy. The address is therefore ignored if the request
    has a header set by proxies.
    """
    if settings.token and _brings(request, settings.token):
        return True
    address = _unmapped(request.remote_ip or "")
    if is_forwarded(request.headers) or not _listed(address, settings.allow):
        return False
    return sits_here(request) if is_loopback(address) else True


async def slow_guesses(handler: SiteHandler, settings: MetricsSection) -> None:
    """Count a wrong token of `[metrics]` as a failed login, and wait until it may be answered."""
    if settings.token and "Authorization" in handler.request.headers:
        await handler.site.edge.logins.delay(handler.client.network)


def _brings(request: HTTPServerRequest, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _unmapped(address: str) -> str:
    """Convert an IPv4-mapped IPv6 address to IPv4; return "" if it is not an address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a UNIX socket has no address
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def _listed(address: str, networks: tuple[str, ...]) -> bool:
    return bool(address) and any(
        ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks
    )
