"""The handler of `/static/...`: files of the package, cached without expiry under versioned URLs."""

from __future__ import annotations

import re

from tornado.web import HTTPError

from tornchat.server.http.handler import SiteHandler

FOR_EVER = "public, max-age=31536000, immutable"
EACH_TIME = "no-cache"
_VERSIONED = re.compile(r"([0-9a-f]{12})/(.+)")


class StaticHandler(SiteHandler):
    """Serves `StaticFiles`. Tornado's handler is not used, since it refuses symbolic links."""

    async def get(self, path: str) -> None:
        found = _VERSIONED.fullmatch(path)
        # Behind a load balancer, a page may come from another node: files of its version are served as well.
        version, name = found.groups() if found else ("", path)
        file = self.site.files.get(name)
        if file is None:
            raise HTTPError(404)
        self.set_header("Content-Type", file.media_type)
        self.set_header("Cache-Control", FOR_EVER if version == self.site.files.version else EACH_TIME)
        self.set_header("ETag", file.etag)
        if self.check_etag_header():
            self.set_status(304)
        else:
            await self.send(file.content)

    async def head(self, path: str) -> None:
        await self.get(path)
