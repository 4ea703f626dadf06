"""Authentication and authorization hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.errors import SettingsError
from tornchat.hooks.specs.accept import usable_token, whole_user
from tornchat.hooks.specs.promise import ask, decide, one_now

if TYPE_CHECKING:
    from tornchat.model import Credentials, User


@ask(role="auth", required=True, deadline=3.0, accept=whole_user)
def authenticate(credentials: Credentials) -> Awaitable[User | None] | User | None:
    """Return the user that the credentials belong to, or None if this plugin does not recognize them.

    `credentials.source` says where the token was: "header", "subprotocol", "cookie", "query", or "frame"
    for a token in a v1 frame `auth`; it is None, as the token is, if there was none, and a login by a cookie
    reads `cookies`. Names of `headers` are lower-case.
    The host's own login (`ChatApp(identify=)`) is asked before the plugins.

    Three roles in `User.roles` have a meaning for the core: "admin" may do everything, everywhere, and can't
    be sanctioned; "moderator" moderates all rooms; "guest" owns nothing and is shown as a guest. All others
    are for plugins.

    If every plugin returns None, the connection is closed with 4001. If a plugin raises or misses its
    deadline, authentication fails closed: no later plugin is called, and the connection is closed with 1013.
    """


@ask(role="auth", deadline=2.0)
def authorize(user: User, action: str, room: str) -> Awaitable[bool | None] | bool | None:
    """Return whether `user` may perform `action` in `room`; None means no decision.

    The actions are "join", "send", "mention_room", "create" and "direct". Who creates a room is asked about
    "join" first; who opens a direct room about "direct" for each of the other users, whose id is in the place
    of `room`; who sends a message that mentions everybody in the room about "send" and then "mention_room";
    who edits a message about "send", and who deletes one about "join". A kind of a plugin may have an
    action of its own, which is asked for after "send", or alone if the kind does not speak. If every plugin
    returns None, the action is allowed. If a plugin raises or misses its deadline, the action is not
    performed.
    """


@decide(role="auth", deadline=2.0)
def authorize_rooms(
    user: User, rooms: Sequence[str]
) -> Awaitable[Mapping[str, bool | None]] | Mapping[str, bool | None]:
    """Return for each of `rooms` whether `user` may join it; None or no key: no decision.

    Called once for each part of a list of rooms, which then has only the rooms that the user may join. The
    next plugin is asked about the rooms that are not decided. If a plugin raises or misses its deadline, no
    list is shown. Optional: a plugin without it is asked by `authorize` for each
    room; a plugin with it implements `authorize`, too.
    """


@one_now(role="tokens", raises=(SettingsError,), accept=usable_token)
def issue_token(user: User, lifetime: float) -> str:
    """Return a token that `authenticate` of the same plugin accepts for `lifetime` seconds.

    A plain function. The token consists of visible ASCII characters. A plugin that can't issue tokens with
    its settings raises `SettingsError`. Optional; `tornchat token` requires it. It may be called before
    `startup`.
    """
