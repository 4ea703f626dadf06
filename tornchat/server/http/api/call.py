"""The context of a running call."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from tornchat.model import User
from tornchat.server.edge.hostlogin import Login
from tornchat.server.http.site import Site
from tornchat.service.chat import Chat


class Call:
    """The context passed to the function of an endpoint, which may change `status` and `headers`."""

    __slots__ = ("_user", "chat", "headers", "login", "prefix", "request", "site", "status")

    def __init__(
        self,
        site: Site,
        prefix: str,
        request: HTTPServerRequest,
        user: User | None,
        status: int,
        login: Login | None = None,
    ) -> None:
        """`prefix` is the path below which the client sees the chat. Raises `Unavailable` unless it runs.

        `login` asks the host's application who calls.
        """
        self.site = site
        self.prefix = prefix
        self.chat: Chat = site.chat
        self.request = request
        self.login = login
        self.status = status
        self.headers: dict[str, str] = {}
        self._user = user

    @property
    def user(self) -> User:
        """The authenticated user. Must not be used in endpoints for anybody."""
        assert self._user is not None, "this call is for anybody"
        return self._user
