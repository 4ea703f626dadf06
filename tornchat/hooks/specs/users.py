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


@one(role="users", deadline=30.0, absent="not_provided")
def erase_user(user_id: str, limit: int) -> Awaitable[int] | int:
    """Erase at most `limit` of the user's log entries; return how many were erased. 0: nothing is left.

    An erased entry keeps its `seq` and has the sender `ERASED`, no text and no client id. For each message a
    deletion by `ERASED` is appended, from which the nodes learn of it. When no entry is left, the user's
    memberships, ownerships, invites, sanctions, reports, blocks by and of the user and what `store_users`
    stored are deleted. Where the user set a sanction of somebody else or closed a report, the id of `ERASED`
    is put. Nothing of it can be read afterwards, and as soon as the database allows not from its files
    either. The audit stays.
    """


@one(role="users", deadline=4.0, absent="not_provided")
def find_users(name_key: str) -> Awaitable[Sequence[KnownUser]] | Sequence[KnownUser]:
    """Return at most ten users whose `name_key` is this one, in any order."""


@one(role="users", deadline=4.0, absent="not_provided")
def search_users(prefix: str, limit: int) -> Awaitable[Sequence[KnownUser]] | Sequence[KnownUser]:
    """Return at most `limit` users whose `name_key` begins with `prefix`, sorted by it and by id.

    Keys are compared by code points. Called only with `[users] directory = yes`.
    """
