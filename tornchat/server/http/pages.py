"""The pages, rendered from `templates/`. Their security policy permits only resources of this site."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from tornchat.server.http.handler import SiteHandler
from tornchat.server.http.site import Site
from tornchat.version import __version__

PAGES: Mapping[str, str] = MappingProxyType(
    {"/": "chat.html", "/admin/": "admin.html", "/swagger/": "swagger.html"}
)
"""Path -> template. Templates may use `asset("file under static/")`, `modules("script")`, `version` and
`settings`.

Links are relative to the page: the path below which a proxy or a host has the chat need not be known.
"""

PAGE_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'; object-src 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
        "X-Frame-Options": "DENY",
    }
)


class PageHandler(SiteHandler):
    """Serves a page. It contains no user data; scripts fetch that with the user's token."""

    def initialize(self, site: Site, prefix: str, template: str = "") -> None:
        super().initialize(site, prefix)
        self._template = template

    def set_default_headers(self) -> None:
        super().set_default_headers()
        for name, value in PAGE_HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Redirect to the path with a slash, which relative links need. The redirect is relative itself."""
        if not self.request.path.endswith("/"):
            last = (self.outside + self.request.path).rpartition("/")[2]
            self.redirect(f"{last}/" + (f"?{self.request.query}" if self.request.query else ""))

    def get(self) -> None:
        self.render_page()

    def render_page(self, **more: object) -> None:
        """Render the template, with `more` as additional variables."""
        files = self.site.files
        asset = partial(files.url, "." if self._template == PAGES["/"] else "..")
        known = {"asset": asset, "modules": files.modules, "version": __version__}
        template = self.site.templates.load(self._template)
        self.write(template.generate(settings=self.site.settings, **known, **more))

    def head(self) -> None:
        self.get()
