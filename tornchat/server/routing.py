"""The HTTP routes of a mounted chat, without the WebSocket: API, pages, documents and static files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import URLSpec
from tornado.web import Application, RequestHandler

from tornchat.server.http.api.handler import ApiHandler
from tornchat.server.http.api.table import by_path
from tornchat.server.http.asyncapi.document import Description
from tornchat.server.http.asyncapi.handlers import AsyncApiHandler, AsyncApiPage
from tornchat.server.http.documents import OpenApiHandler
from tornchat.server.http.health import HealthHandler, ReadyHandler
from tornchat.server.http.metrics.handler import MetricsHandler
from tornchat.server.http.pages import PAGES, PageHandler
from tornchat.server.http.site import Site
from tornchat.server.http.static import IconHandler, StaticHandler


class PrefixedApplication(Application):
    """Takes `prefix` ("" or "/talk") off the paths of requests, for a proxy that keeps it.

    Paths without it are served as well, for a proxy that takes it away, and for probes.
    """

    def __init__(self, prefix: str, routes: Sequence[Any], **settings: Any) -> None:
        """Any: Tornado's rules, and its settings."""
        super().__init__(list(routes), **settings)
        self._prefix = prefix

    def find_handler(  # type: ignore[override]  # the name of Tornado's type is private
        self, request: HTTPServerRequest, **kwargs: Any
    ) -> HTTPMessageDelegate:
        """Return what serves the request. Any: Tornado's own arguments."""
        if self._prefix and f"{request.path}/".startswith(f"{self._prefix}/"):
            request.path = request.path.removeprefix(self._prefix)
        return super().find_handler(request, **kwargs)


def site_routes(site: Site, prefix: str) -> list[URLSpec]:
    """Return the routes under `prefix` ("" or "/talk") that are enabled in `[server]` and `[metrics]`."""
    server = site.settings.server
    described_socket = Description(site.settings, prefix, site.hooks.kinds.of_plugins())
    found = [_route(site, prefix, "/healthz", HealthHandler), _route(site, prefix, "/readyz", ReadyHandler)]
    if site.settings.metrics.enabled:
        found.append(_route(site, prefix, "/metrics", MetricsHandler))
    if server.api:
        described = [route for route in found if hasattr(route.target, "openapi")]
        found += [
            *_api(site, prefix),
            _route(site, prefix, "/openapi.json", OpenApiHandler, routes=described),
        ]
    if server.pages:
        found += [_page(site, prefix, path, template) for path, template in PAGES.items()]
        found.append(_route(site, prefix, "/favicon.ico", IconHandler))
        found.append(_route(site, prefix, "/asyncapi", AsyncApiPage, "/?", description=described_socket))
    if server.api or server.pages:
        found.append(_route(site, prefix, "/asyncapi.json", AsyncApiHandler, description=described_socket))
        found.append(_route(site, prefix, "/static/", StaticHandler, "(.*)"))
    return found


def probe_routes(site: Site) -> list[URLSpec]:
    """Return the routes of the health checks and the metrics only."""
    handlers = {"/healthz": HealthHandler, "/readyz": ReadyHandler, "/metrics": MetricsHandler}
    return [_route(site, "", path, handler) for path, handler in handlers.items()]


def unknown_calls(site: Site, prefix: str) -> list[URLSpec]:
    """Return the route that answers unknown paths under /api/ with a problem. It must be the last one."""
    if not site.settings.server.api:
        return []
    return [_route(site, prefix, "/api/", ApiHandler, ".*", endpoints={})]


def _api(site: Site, prefix: str) -> list[URLSpec]:
    routes = []
    for endpoints in by_path().values():
        pattern = re.escape(prefix) + next(iter(endpoints.values())).pattern
        kwargs = {"site": site, "prefix": prefix, "endpoints": endpoints}
        routes.append(URLSpec(pattern, ApiHandler, kwargs))
    return routes


def _page(site: Site, prefix: str, path: str, template: str) -> URLSpec:
    return _route(site, prefix, path.rstrip("/"), PageHandler, "/?", template=template)


def _route(
    site: Site, prefix: str, path: str, handler: type[RequestHandler], rest: str = "", **kwargs: Any
) -> URLSpec:
    return URLSpec(re.escape(prefix + path) + rest, handler, {"site": site, "prefix": prefix, **kwargs})
