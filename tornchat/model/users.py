"""Users, as tokens and plugins tell of them."""

from __future__ import annotations

import msgspec

ADMIN = "admin"
"""The role of a token that may do everything everywhere."""
MODERATOR = "moderator"
"""The role of a token that may moderate every room it can see."""
GUEST = "guest"
"""The role of a token that the server gave to a guest."""
GUEST_ID_PREFIX = "guest-"
"""How the ids of guests begin, and nobody else's."""


class Participant(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A user as shown to the other users in a room."""

    id: str
    username: str
    guest: bool = False


ERASED = Participant("(erased)", "erased")
"""The sender of the messages of erased users. Nobody is let in with this id."""


class User(msgspec.Struct, frozen=True):
    """An authenticated user. `expires_at` (Unix seconds) is the end of the authentication; None: never.

    `issued_at` (Unix seconds) is when the token was issued; None if that is not known. A user whose tokens
    were revoked is refused if it is not known, too.
    """

    id: str
    username: str
    roles: frozenset[str] = frozenset()
    expires_at: float | None = None
    issued_at: float | None = None

    @property
    def is_guest(self) -> bool:
        """True if the server gave the token to somebody without an account."""
        return GUEST in self.roles

    @property
    def participant(self) -> Participant:
        """The user as shown to other users."""
        return Participant(self.id, self.username, GUEST in self.roles)


class KnownUser(msgspec.Struct, frozen=True):
    """A user with an account who was let in once: the username and the roles of the last token.

    Names that look alike have the same `name_key`.
    """

    id: str
    username: str
    name_key: str
    roles: tuple[str, ...] = ()
