"""Who somebody is, and what they may do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Credentials, User


@hookspec("ask", role="auth", required=True, deadline=3.0)
def authenticate(credentials: Credentials) -> Awaitable[User | None] | User | None:
    """Say who these credentials belong to, or None if they are nobody's that this plugin knows.

    All None: the connection is closed with 4001. A plugin that raises or misses its deadline fails
    closed: no later plugin is asked, and the connection is closed with 1013.
    """


@hookspec("ask", role="auth", deadline=2.0)
def authorize(user: User, action: str, room: str) -> Awaitable[bool | None] | bool | None:
    """Say whether `user` may do `action` ("join" or "send") in `room`; None is no opinion.

    Nobody has an opinion: allowed. A plugin that raises or misses its deadline: not now.
    """


@hookspec("one", role="tokens")
def issue_token(user: User, lifetime: float) -> str:
    """Make a token that `authenticate` of the same plugin accepts for `lifetime` seconds.

    Optional; `tornchat token` needs it. May be called before `startup`.
    """
