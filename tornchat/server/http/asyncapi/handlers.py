"""The handlers of `/asyncapi.json` and of the page /asyncapi/, which shows it without scripts."""

from __future__ import annotations

import re

import msgspec

from tornchat.server.http.asyncapi.channels import Part
from tornchat.server.http.asyncapi.document import Description
from tornchat.server.http.asyncapi.view import chapters, marked
from tornchat.server.http.handler import SiteHandler
from tornchat.server.http.pages import PageHandler
from tornchat.server.http.site import Site

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


class AsyncApiHandler(SiteHandler):
    """Serves the document, with the server address taken from the request's `Host`."""

    def initialize(self, site: Site, prefix: str, description: Description) -> None:  # type: ignore[override]
        super().initialize(site, prefix)
        self._description = description

    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-cache")
        self.write(msgspec.json.encode(_found(self, self._description)))

    def head(self) -> None:
        self.get()


class AsyncApiPage(PageHandler):
    """Serves the document as a page."""

    def initialize(self, site: Site, prefix: str, description: Description) -> None:  # type: ignore[override]
        super().initialize(site, prefix, "asyncapi.html")
        self._description = description

    def get(self) -> None:
        document = _found(self, self._description)
        self.render_page(document=document, chapters=chapters(document), marked=marked)


def _found(handler: SiteHandler, description: Description) -> Part:
    host, outside = handler.request.host, handler.site.edge.outside
    before = handler.request.path.rpartition(f"{handler.prefix}/asyncapi")[0]  # what a host has put there
    path = outside.prefix(handler.request) + before
    secure = outside.is_secure(handler.request)
    return description.at(host if _HOST.fullmatch(host) else "localhost", secure, path)
