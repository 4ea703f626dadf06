"""Who makes the requests that the routes of the host and of plugins serve."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from tornchat.errors import TRY_AGAIN_LATER, UNAUTHORIZED, Closed, Unavailable
from tornchat.model import User
from tornchat.server.http.site import Site
from tornchat.server.ws import handshake

NO_TOKEN = "no_token"  # noqa: S105 (a cause)


class Callers:
    """Identifies callers by the same steps as the handler of API calls."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def identify(self, asked: object) -> User | None:
        """See `Actions.identify`."""
        handler = asked if isinstance(asked, RequestHandler) else None
        request = handler.request if handler is not None else asked
        if not isinstance(request, HTTPServerRequest):
            raise TypeError(f"identify takes the RequestHandler that serves a request, not {type(asked)}")
        if not handshake.origin_allowed(request, self._site.settings.server.allowed_origins):
            return None
        edge = self._site.edge
        login = edge.login(handler) if handler is not None else None
        client = edge.client(request)
        try:
            return await self._site.chat.connect(handshake.header_credentials(request, ""), login)
        except Closed as refusal:
            if refusal.code == TRY_AGAIN_LATER:
                raise Unavailable(refusal.reason) from None
            if refusal.code == UNAUTHORIZED and refusal.cause != NO_TOKEN:
                self._site.chat.turned_away(refusal)
                await edge.logins.wait(edge.logins.failed(client.network))
            return None
