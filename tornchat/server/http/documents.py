"""The handler of `/openapi.json`, the OpenAPI document that the page /swagger/ shows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from tornado.routing import URLSpec

from tornchat.server.http.api.document import openapi
from tornchat.server.http.api.schemas import Schema
from tornchat.server.http.api.table import ENDPOINTS
from tornchat.server.http.handler import SiteHandler
from tornchat.server.http.site import Site

PATH = "/openapi.json"


class OpenApiHandler(SiteHandler):
    """Serves the OpenAPI document. It is generated on first use, when the routes of plugins are known."""

    def initialize(self, site: Site, prefix: str, routes: Sequence[URLSpec] = ()) -> None:
        """`routes` are additional routes whose handlers have an attribute `openapi`."""
        super().initialize(site, prefix)
        self._routes = routes

    def get(self) -> None:
        place = self.site.edge.outside.prefix(self.request) + self.request.path.removesuffix(PATH)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-cache")
        self.write(msgspec.json.encode({**self._document(), "servers": [{"url": place or "/"}]}))

    def _document(self) -> Schema:
        """The document; only `servers` depends on the request."""
        site = self.site
        if self.prefix not in site.documents:
            routes = [*self._routes, *site.plugin_routes]
            site.documents[self.prefix] = openapi(ENDPOINTS, routes, self.prefix, site.settings)
        return site.documents[self.prefix]

    def head(self) -> None:
        self.get()
