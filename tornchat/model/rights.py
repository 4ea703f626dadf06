"""Roles, and what they and sanctions say about the rights of users."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tornchat.model.rooms import RoomSummary

Role: TypeAlias = Literal["owner", "moderator", "member"]
"""A user's role in one room; the roles of a `User` apply to all rooms."""
Action: TypeAlias = Literal["join", "send", "moderate", "manage"]
SanctionKind: TypeAlias = Literal["ban", "mute", "kick", "disconnect", "revoke"]
"""What a `Sanction` does; "disconnect" and "revoke" exist for the whole site only."""
Standing: TypeAlias = Literal["admin", "site moderator", "owner", "moderator", "member", "user", "guest"]
"""What a user is, by the roles of the token and the role in a room: a row of the table of rights."""
SITE = ""
"""In place of a room's name: the whole site. No room has this name."""


class Membership(msgspec.Struct, frozen=True):
    """A user's role in a room."""

    user_id: str
    role: Role


class Rights(msgspec.Struct, frozen=True):
    """The actions a user may perform in a room: "join", "send", "moderate" and "manage".

    `role` is None if the user is no member. `muted_until` and `banned_until` are in Unix seconds, or None.
    """

    room: RoomSummary
    role: Role | None
    actions: tuple[Action, ...]
    muted_until: float | None = None
    banned_until: float | None = None


class Sanction(msgspec.Struct, frozen=True):
    """What a user may not do in a room, or, if `room` is `SITE`, anywhere, before `until` (Unix seconds).

    "ban": enter. "mute": send. "kick" and "disconnect" close the sessions that began before `since` (Unix
    seconds, when it was set); they are kept until every node has read them. "revoke" refuses the tokens that
    were issued before `since`. `by` is the id of the user who set it and `rank` what that user was: only a
    user of at least this rank may lift it.
    """

    room: str
    user_id: str
    kind: SanctionKind
    until: float
    by: str
    rank: Standing = "admin"
    since: float = 0.0


class Invite(msgspec.Struct, frozen=True):
    """A link by which users become members of a room, with `role`, until `expires_at` (Unix seconds).

    `uses` is how many users it admits, and `used` how many it has admitted. `by` is the id of the user who
    made it. Its token, which is not here, is a secret; `id` is none.
    """

    id: str
    room: str
    role: Role
    by: str
    created_at: float
    expires_at: float
    uses: int
    used: int = 0


class Accepted(msgspec.Struct, frozen=True):
    """That a user is a member of a room by an invite; `joined` is false if the user was a member before."""

    room: str
    role: Role
    joined: bool
