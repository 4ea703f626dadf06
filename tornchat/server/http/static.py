"""The handler of `/static/...`: files of the package, cached without expiry under versioned URLs."""

from __future__ import annotations

import re

from tornado.web import HTTPError

from tornchat.server.http.files import File
from tornchat.server.http.handler import SiteHandler
from tornchat.server.ws import handshake

CLIENT_FILES = frozenset({"tornchat-client.js", "client/tornchat-client.js"})
"""The files made for pages of other sites."""
FOR_EVER = "public, max-age=31536000, immutable"
EACH_TIME = "no-cache"
_VERSIONED = re.compile(r"([0-9a-f]{12})/(.+)")


def accepts_gzip(header: str) -> bool:
    """Return whether a client with this `Accept-Encoding` takes gzip."""
    for choice in header.lower().split(","):
        name, _, quality = choice.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


class StaticHandler(SiteHandler):
    """Serves `StaticFiles`. Tornado's handler is not used, since it refuses symbolic links."""

    async def get(self, path: str) -> None:
        found = _VERSIONED.fullmatch(path)
        # Behind a load balancer, a page may come from another node: files of its version are served as well.
        version, name = found.groups() if found else ("", path)
        await self.give(name, FOR_EVER if version == self.site.files.version else EACH_TIME)

    async def give(self, name: str, kept: str) -> None:
        """Answer with a file. `kept` is how long it is kept: `FOR_EVER` or `EACH_TIME`."""
        file = await self.site.files.load(name)
        if file is None:
            raise HTTPError(404)
        if name in CLIENT_FILES:
            self._share()
        self.set_header("Content-Type", file.media_type)
        self.set_header("Cache-Control", kept)
        content, etag = self._encoded(file)
        self.set_header("ETag", etag)
        if self.check_etag_header():
            self.set_status(304)
        else:
            await self.send(content)

    def _encoded(self, file: File) -> tuple[bytes, str]:
        """Return the content as the client takes it, and its ETag. Each encoding has one of its own."""
        if file.gzipped is None:
            return file.content, file.etag
        self.add_header("Vary", "Accept-Encoding")
        if not accepts_gzip(self.request.headers.get("Accept-Encoding", "")):
            return file.content, file.etag
        self.set_header("Content-Encoding", "gzip")
        return file.gzipped, f'{file.etag[:-1]}-gzip"'

    def _share(self) -> None:
        """Let pages of the allowed origins load the file: as a module (CORS) and as a script (CORP)."""
        allowed = self.site.settings.server.allowed_origins
        if not allowed:
            return
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.add_header("Vary", "Origin")  # the answer is kept for ever
        origin = self.request.headers.get("Origin")
        if origin is not None and handshake.origin_allowed(self.request, allowed):
            self.set_header("Access-Control-Allow-Origin", origin)

    async def head(self, path: str) -> None:
        await self.get(path)


class IconHandler(StaticHandler):
    """Serves the icon at the address where browsers look for one by themselves."""

    async def get(self, path: str = "") -> None:
        await self.give("icon.svg", EACH_TIME)

    async def head(self, path: str = "") -> None:
        await self.get()
