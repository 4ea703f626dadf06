"""Hooks for the users whose messages a user does not want to see. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from tornchat.hooks.specs.promise import one


@one(role="blocks", deadline=4.0, absent="not_provided")
def read_blocks(user_id: str) -> Awaitable[Sequence[str]] | Sequence[str]:
    """Return the ids of all users whom `user_id` blocks, sorted."""


@one(role="blocks", deadline=4.0, absent="not_provided")
def set_block(user_id: str, blocked_id: str, limit: int) -> Awaitable[bool] | bool:
    """Store that `user_id` blocks `blocked_id`; True also if that was stored before.

    False, and nothing is stored, if `user_id` blocks `limit` others already.
    """


@one(role="blocks", deadline=4.0, absent="not_provided")
def lift_block(user_id: str, blocked_id: str) -> Awaitable[bool] | bool:
    """Delete that `user_id` blocks `blocked_id`; return False if that was not stored."""


@one(role="blocks", deadline=4.0, absent="not_provided")
def find_blockers(blocked_id: str, among: Sequence[str]) -> Awaitable[Sequence[str]] | Sequence[str]:
    """Return, of the user ids `among`, those of users who block `blocked_id`, in any order."""
