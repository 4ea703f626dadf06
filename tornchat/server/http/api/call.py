"""One call while it runs: who calls, and what the answer will carry besides its body."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from tornchat.model import User
from tornchat.server.http.site import Site
from tornchat.service.chat import Chat


class Call:
    """Given to the function of an endpoint. `status` is what will be answered; it may be changed."""

    __slots__ = ("_user", "chat", "headers", "prefix", "request", "site", "status")

    def __init__(
        self, site: Site, prefix: str, request: HTTPServerRequest, user: User | None, status: int
    ) -> None:
        """`prefix` is where the chat is mounted. Raises `Unavailable` if it does not run."""
        self.site = site
        self.prefix = prefix
        self.chat: Chat = site.chat
        self.request = request
        self.status = status
        self.headers: dict[str, str] = {}
        self._user = user

    @property
    def user(self) -> User:
        """Who calls; only for endpoints that want a user."""
        assert self._user is not None, "this call is for anybody"
        return self._user
