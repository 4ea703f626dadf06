"""Hooks for invites: links by which users become members of a room. Optional.

The core makes the token of an invite, and gives storage only its digest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.errors import ChatError
from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Accepted, Invite


@one(role="invites", deadline=4.0, raises=(ChatError,), absent="not_provided")
def store_invite(invite: Invite, digest: str, limit: int) -> Awaitable[bool] | bool:
    """Store an invite under the digest of its token; return False if there is no such room.

    Invites of the room that have expired at `invite.created_at` or are used up are deleted before. Raises
    `Rejected` with the code `too_many_invites` if the room then has `limit` invites.
    """


@one(role="invites", deadline=4.0, absent="not_provided")
def read_invites(room: str) -> Awaitable[Sequence[Invite]] | Sequence[Invite]:
    """Return the invites of the room, newest first, also those that have expired or are used up."""


@one(role="invites", deadline=4.0, absent="not_provided")
def revoke_invite(room: str, invite_id: str) -> Awaitable[bool] | bool:
    """Delete the invite; return False if the room has none with this id."""


@one(role="invites", deadline=4.0, absent="not_provided")
def find_invite(digest: str) -> Awaitable[Invite | None] | Invite | None:
    """Return the invite with this digest; None if there is none, or its room was deleted."""


@one(role="invites", deadline=4.0, raises=(ChatError,), absent="not_provided")
def use_invite(
    digest: str, user_id: str, at: float, members_limit: int
) -> Awaitable[Accepted | None] | Accepted | None:
    """Make the user a member with the role of the invite, and count the use, in one step.

    Who is a member already, or the owner, keeps the role, and uses nothing up. None if there is no such
    invite, or its room was deleted. Raises `Rejected` with the code `invite_expired` if it has expired at
    `at` (Unix seconds), `invite_used_up`, and `too_many_members` if the room has `members_limit` members,
    with its owner (0: no limit). However many calls run at once, on all nodes: no more users are admitted
    than the invite allows.
    """
