"""Who the users are: what the last token of each said, kept in storage behind the messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import KnownUser, User
from tornchat.rooms.registry import Registry
from tornchat.service.names import name_key

MOST_WRITTEN = 25
"""Users in one call of `store_users`. Messages wait for it, well under 1 ms with the default storage."""
SLICE = 500
"""Names that are compared before it is others' turn."""
MOST_REMEMBERED = 10_000
"""Users of whom it is remembered that they are stored as they are; more are looked up again."""


class People:
    """Keeps who was let in, and tells what is known of a user. `write` is called several times a second."""

    def __init__(self, hooks: Hooks, rooms: Registry) -> None:
        self._hooks = hooks
        self._rooms = rooms
        self._provided = hooks.provides("store_users")
        self._stored: dict[str, int] = {}
        """User id -> the hash of what is stored of them."""
        self._waiting: dict[str, KnownUser] = {}

    def note(self, user: User) -> None:
        """Note that the user was let in. Guests are nobody that one could know again."""
        if (
            not self._provided
            or user.is_guest
            or self._stored.get(user.id) == _hash(user.username, user.roles)
        ):
            return
        if len(self._waiting) < MOST_REMEMBERED:
            self._waiting[user.id] = KnownUser(user.id, user.username, "", tuple(sorted(user.roles)))

    async def write(self) -> None:
        """Store some of those who are not stored as they are now. Raises nothing."""
        waiting = list(self._waiting.values())[:MOST_WRITTEN]
        if not waiting:
            return
        batch = [replace(user, name_key=name_key(user.username)) for user in waiting]
        try:
            known = {user.id: user for user in await self._hooks.read_users([user.id for user in batch])}
            changed = [user for user in batch if known.get(user.id) != user]
            if changed:
                await self._hooks.store_users(changed)
        except Unavailable:
            return  # the next call tries again
        for user in waiting:
            if self._waiting.get(user.id) is user:
                del self._waiting[user.id]
            self._remember(user)

    def _remember(self, user: KnownUser) -> None:
        self._stored.pop(user.id, None)
        self._stored[user.id] = _hash(user.username, user.roles)
        if len(self._stored) > MOST_REMEMBERED:
            del self._stored[next(iter(self._stored))]

    async def has_name(self, name: str) -> bool:
        """Return whether a user has a name that looks like this one, who is known or is in a room here.

        Raises `Unavailable`.
        """
        key = name_key(name)
        if self._provided and await self._hooks.find_users(key):
            return True
        for number, present in enumerate(self._names(), 1):
            if name_key(present) == key:
                return True
            if number % SLICE == 0:
                await asyncio.sleep(0)
        return False

    def _names(self) -> Iterator[str]:
        """Yield the names of those who are not stored yet, and of everybody in a room of this node."""
        for user in list(self._waiting.values()):
            yield user.username
        for room in list(self._rooms.loaded()):
            for participant in list(room.roster.participants()):
                yield participant.username

    async def known(self, user_ids: Sequence[str]) -> set[str]:
        """Return those of the ids whose users have an account and were let in once; all without a plugin.

        Raises `Unavailable`.
        """
        if not self._provided:
            return set(user_ids)
        waiting = {user_id for user_id in user_ids if user_id in self._waiting}
        rest = [user_id for user_id in user_ids if user_id not in waiting]
        found = await self._hooks.read_users(rest) if rest else ()
        return waiting | {user.id for user in found}

    async def roles_of(self, user_id: str) -> frozenset[str]:
        """Return the roles of the user's token, as far as they are known. Raises `Unavailable`."""
        for room in self._rooms.loaded():
            for member in room.members():
                if member.user.id == user_id:
                    return member.user.roles
        waiting = self._waiting.get(user_id)
        if waiting is not None:
            return frozenset(waiting.roles)
        found = await self._hooks.read_users([user_id]) if self._provided else ()
        return next((frozenset(user.roles) for user in found if user.id == user_id), frozenset())


def _hash(username: str, roles: Iterable[str]) -> int:
    return hash((username, tuple(sorted(roles))))
