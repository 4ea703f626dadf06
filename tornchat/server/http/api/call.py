"""The context of a running call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tornado.httputil import HTTPServerRequest

from tornchat.errors import Closed
from tornchat.model import User
from tornchat.server.edge.hostlogin import Login
from tornchat.server.http.site import Site
from tornchat.service.chat import Chat

Refused: TypeAlias = Callable[[Closed], Awaitable[None]]
"""Logs and counts a failed login, and waits until it may be answered."""


class Call:
    """The context passed to the function of an endpoint, which may change `status` and `headers`."""

    __slots__ = ("_user", "chat", "headers", "login", "prefix", "refused", "request", "site", "status")

    def __init__(
        self,
        site: Site,
        prefix: str,
        request: HTTPServerRequest,
        user: User | None,
        status: int,
        login: Login | None = None,
        refused: Refused | None = None,
    ) -> None:
        """`prefix` is the path below which the client sees the chat. Raises `Unavailable` unless it runs.

        `login` asks the host's application who calls, and `refused` is told of a login that fails.
        """
        self.site = site
        self.prefix = prefix
        self.chat: Chat = site.chat
        self.request = request
        self.login = login
        self.refused = refused
        self.status = status
        self.headers: dict[str, str] = {}
        self._user = user

    @property
    def user(self) -> User:
        """The authenticated user. Must not be used in endpoints for anybody."""
        assert self._user is not None, "this call is for anybody"
        return self._user
