"""The base class of the HTTP handlers: security headers, errors, and logging without secrets."""

from __future__ import annotations

import logging
import re
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, OutputTransform, RequestHandler

from tornchat.offenders import place_of
from tornchat.server.edge.headers import SECURITY_HEADERS
from tornchat.server.http.site import Site

SLICE_BYTES = 1 << 16
"""How much of an answer is given to a connection at a time."""

MOST_ETAGS = 1024
"""Characters of `If-None-Match` that are looked through."""

log = logging.getLogger("tornchat.http")
_ROOM = re.compile(r"(/rooms/)[^/]+")


def allowed_methods(handler: type[RequestHandler]) -> list[str]:
    """Return the HTTP methods that a handler class implements."""
    names = {name: name.lower() for name in handler.SUPPORTED_METHODS}
    return [name for name, own in names.items() if getattr(handler, own) is not getattr(RequestHandler, own)]


def without_room(path: str) -> str:
    """Return the path without the name of the room in it, which may be a private one."""
    return _ROOM.sub(r"\1...", path)


class SiteHandler(RequestHandler):
    """Base class of the chat's HTTP handlers. The chat is mounted under `prefix` ("" or "/talk")."""

    def initialize(self, site: Site, prefix: str) -> None:
        self.site = site
        self.prefix = prefix
        self.client = site.edge.client(self.request)
        """Who sent the request."""

    @property
    def outside(self) -> str:
        """The path below which the client sees the chat: its mount, and what proxies take away before it."""
        return self.site.edge.outside.prefix(self.request) + self.prefix

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    async def send(self, body: bytes) -> None:
        """Write the whole body. Only a slice of it waits in the connection's buffer at a time.

        Other clients are served between the slices, even if this one takes them at once.
        """
        self.set_header("Content-Length", str(len(body)))
        self._watch()
        try:
            for start in range(0, len(body), SLICE_BYTES):
                if start:
                    await self.site.edge.readers.turns.wait()
                self.write(body[start : start + SLICE_BYTES])
                await self.flush()
        except StreamClosedError:
            pass  # the client has gone, or was cut off

    def on_finish(self) -> None:
        self._watch()

    def _watch(self) -> None:
        """Let the client be cut off if it does not take what waits for it."""
        stream = getattr(self.request.connection, "stream", None)
        if stream is not None and not stream.closed():
            self.site.edge.readers.watch(stream)

    def check_etag_header(self) -> bool:
        """Take a header with very many tags for one without the right one."""
        return (
            len(self.request.headers.get("If-None-Match", "")) <= MOST_ETAGS and super().check_etag_header()
        )

    def check_xsrf_cookie(self) -> None:
        """Accept what a host with `xsrf_cookies=True` would refuse: nothing here changes anything."""

    def check_trusted_origin(self, origin: str) -> bool:
        """Accept what a host with `cross_origin_protection=True` would refuse, for the same reason."""
        return True

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode with replacement, so that a path that is not UTF-8 yields 404, not 400."""
        return value.decode("utf-8", "replace")

    def _log(self) -> None:
        """Log the request without its query, which may contain a token."""
        request = self.request
        milliseconds = 1000 * request.request_time()
        log.debug("%s %r %d %.1f ms", request.method, request.path, self.get_status(), milliseconds)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an exception without the query, which may contain a token, and without a room's name."""
        offenders, request = self.site.edge.offenders, self.request
        if isinstance(value, HTTPError):
            if offenders.may_tell("refused_request", self.client.offender):
                log.info("refused a request from %s: %d", request.remote_ip, value.status_code)
        elif offenders.may_tell("failures", place_of(value)):
            log.error("%s %r failed", request.method, without_room(request.path), exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write one line, without a traceback, regardless of the settings of the host application."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        if status_code == 405:
            self.set_header("Allow", ", ".join(allowed_methods(type(self))))
        self.finish(f"{status_code}: {self._reason}\n")


class NotFoundHandler(SiteHandler):
    """Answers 404 to whatever no route takes, whatever the method."""

    def prepare(self) -> None:
        raise HTTPError(404)


class WithoutVersion(OutputTransform):
    """Takes Tornado's version out of the answers of plugins' routes, whose handlers are Tornado's own."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        if headers.get("Server", "").startswith("TornadoServer/"):
            del headers["Server"]
        return status_code, headers, chunk
