"""Hooks for the users who have been here, by their ids and names. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import KnownUser


@one(role="users", deadline=4.0, absent="not_provided")
def store_users(users: Sequence[KnownUser]) -> Awaitable[None] | None:
    """Store these users, each replacing the one with the same id.

    Called at most once a second, with the users who were let in and are not stored as they are now. Guests
    are not among them.
    """


@one(role="users", deadline=4.0, absent="not_provided")
def read_users(user_ids: Sequence[str]) -> Awaitable[Sequence[KnownUser]] | Sequence[KnownUser]:
    """Return the users with these ids, in any order; those who are not stored are left out."""


@one(role="users", deadline=4.0, absent="not_provided")
def find_users(name_key: str) -> Awaitable[Sequence[KnownUser]] | Sequence[KnownUser]:
    """Return at most ten users whose `name_key` is this one, in any order."""
