"""The login of the host's application, which is asked before the plugins."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tornado.web import RequestHandler

from tornchat.errors import Unavailable
from tornchat.hooks.specs.accept import whole_user
from tornchat.model import User
from tornchat.offenders import Offenders, place_of

Identify: TypeAlias = Callable[[RequestHandler], Awaitable[User | None] | User | None]
Login: TypeAlias = Callable[[], Awaitable[User | None]]
"""Asks who makes one request. Raises `Unavailable`."""
DEADLINE = 3.0

log = logging.getLogger("tornchat.hosts")


class HostLogin:
    """The function `identify` of a `ChatApp`. It fails closed, as the plugins that authenticate do."""

    def __init__(self, identify: Identify, offenders: Offenders) -> None:
        self._identify = identify
        self._offenders = offenders

    async def user_of(self, handler: RequestHandler) -> User | None:
        """Return who makes the request. Raises `Unavailable` if the function fails or takes too long."""
        try:
            async with asyncio.timeout(DEADLINE):
                found = self._identify(handler)
                found = await found if inspect.isawaitable(found) else found
            return None if found is None else whole_user(_user(found))
        except Unavailable:
            raise
        except Exception as error:
            if self._offenders.may_tell("failures", place_of(error)):
                log.exception("identify of ChatApp failed")
            raise Unavailable("the login of the host has failed") from None


def _user(found: object) -> User:
    if not isinstance(found, User):
        raise TypeError(f"identify returned {type(found).__name__}; it returns a User or None")
    return found
