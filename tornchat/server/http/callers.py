"""Who makes the requests that the routes of the host and of plugins serve."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from tornchat.errors import NO_TOKEN, TRY_AGAIN_LATER, UNAUTHORIZED, Closed, Unavailable
from tornchat.model import User
from tornchat.server.http.site import Site
from tornchat.server.ws import handshake


class Callers:
    """Identifies callers by the same steps as the handler of API calls."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def identify(self, asked: object) -> User | None:
        """See `Actions.identify`."""
        handler = asked if isinstance(asked, RequestHandler) else None
        request = _request(asked)
        if not handshake.origin_allowed(request, self._site.settings.server.allowed_origins):
            return None
        edge = self._site.edge
        login = edge.login(handler) if handler is not None else None
        client = edge.client(request)
        try:
            return await self._site.chat.connecting.connect(handshake.header_credentials(request, ""), login)
        except Closed as refusal:
            if refusal.code == TRY_AGAIN_LATER:
                raise Unavailable(refusal.reason) from None
            if refusal.code == UNAUTHORIZED and refusal.cause != NO_TOKEN:
                self._site.chat.connecting.turned_away(refusal)
                await edge.logins.delay(client.network)
            return None

    async def login_failed(self, asked: object) -> None:
        """See `Actions.login_failed`."""
        edge = self._site.edge
        await edge.logins.delay(edge.client(_request(asked)).network)


def _request(asked: object) -> HTTPServerRequest:
    request = asked.request if isinstance(asked, RequestHandler) else asked
    if not isinstance(request, HTTPServerRequest):
        raise TypeError(f"this takes the RequestHandler that serves a request, not {type(asked)}")
    return request
