"""`/static/...`: the package's own files, cached for ever under their version, or asked for each time."""

from __future__ import annotations

import re

from tornado.web import HTTPError

from tornchat.server.http.handler import SiteHandler

FOR_EVER = "public, max-age=31536000, immutable"
EACH_TIME = "no-cache"
_VERSIONED = re.compile(r"([0-9a-f]{12})/(.+)")


class StaticHandler(SiteHandler):
    """Serves `StaticFiles`. Tornado's own handler refuses files that are symbolic links."""

    def get(self, path: str) -> None:
        found = _VERSIONED.fullmatch(path)
        # Behind a load balancer another node may have written the page: its version is answered, too.
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
            self.write(file.content)

    def head(self, path: str) -> None:
        self.get(path)
