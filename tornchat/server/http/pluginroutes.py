"""The routes of plugins below the prefix of a mounted chat. They are known only when it has started."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Sequence
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Matcher, Router, RuleRouter
from tornado.web import Application, RequestHandler, stream_request_body

from tornchat.server.edge.tornado_private import streams_body
from tornchat.server.http.site import Site


def plugin_rules(site: Site, prefix: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Return a rule for whatever plugins serve below `prefix`. A path that none serves is left to the host.

    Its target is a list of rules, so that Tornado serves them by the host's own application and settings.
    """
    doors = [(_Matcher(site, prefix, False), _Door), (_Matcher(site, prefix, True), _Streaming)]
    return f"{re.escape(prefix)}/.*", doors, {}


class _Found(HTTPMessageDelegate):
    """The handler class that a route names, and how it is made and called."""

    def __init__(self, handler: type[RequestHandler], match: dict[str, Any]) -> None:
        self.handler = handler
        given = match.pop("target_kwargs", None) or {}
        self.match = {**match, "target_kwargs": {"serves": handler, "given": given}}


class _Finder(RuleRouter):
    """Finds a handler class and makes none."""

    def get_target_delegate(
        self, target: Any, request: HTTPServerRequest, **target_params: Any
    ) -> HTTPMessageDelegate | None:
        if inspect.isclass(target) and issubclass(target, RequestHandler):
            return _Found(target, target_params)
        return target.find_handler(request) if isinstance(target, Router) else None


class _Matcher(Matcher):
    """Matches the requests below `prefix` for which a plugin has a handler class of one sort."""

    def __init__(self, site: Site, prefix: str, streams: bool) -> None:
        self._site = site
        self._prefix = prefix
        self._streams = streams
        self._routes: Sequence[Any] = ()
        self._finder = _Finder()

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return how the handler is made and called; None if no route matches."""
        if self._routes is not self._site.plugin_routes:
            self._routes = self._site.plugin_routes
            self._finder = _Finder(list(self._routes))
        below = copy.copy(request)
        below.path = request.path[request.path.find(self._prefix) + len(self._prefix) :]
        found = self._finder.find_handler(below)
        if isinstance(found, _Found) and streams_body(found.handler) is self._streams:
            return found.match
        return None


class _Door(RequestHandler):
    """Stands in the rule for the handlers of plugins, which are made in its place."""

    def __new__(  # type: ignore[misc]  # what is made is another handler, on purpose
        cls,
        application: Application,
        request: HTTPServerRequest,
        serves: type[RequestHandler],
        given: dict[str, Any],
    ) -> RequestHandler:
        return serves(application, request, **given)


@stream_request_body
class _Streaming(_Door):
    """The same for handlers that take the body in parts."""
