"""Hooks for how far users have read, and for what mentions them. Optional.

A plugin that provides them also keeps, with each stored message that mentions somebody (`more.mentions`), an
entry for the inbox of each user that it names, except its sender, and one for everybody in the room if it
says so. Deleting or pruning the message removes them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.markers import InboxEntry, Marker, ReadRoom, ReadState


@one(role="markers", deadline=4.0, absent="not_provided")
def store_markers(markers: Sequence[Marker]) -> Awaitable[Sequence[Marker]] | Sequence[Marker]:
    """Store those markers that are larger than what stands; return what stands in place of the others.

    There is at most one marker of a user and room. A marker with the generation `PRESENT` (-1) gets the one
    that stands. A marker of no room, or of another log than the room's present one, is left out. A marker
    that stands already is not returned. What is stored survives a crash. Several nodes may call it at the
    same time. There is about one call per node and second.
    """


@one(role="markers", deadline=4.0, absent="not_provided")
def read_markers(wanted: Mapping[str, Sequence[str]]) -> Awaitable[Sequence[ReadState]] | Sequence[ReadState]:
    """Return how far users have read: `wanted` is room -> ids of users. Rooms that do not exist are left out.

    There is one answer per user and room, also if there is no marker. The result reflects every marker that
    was stored before the call, on any node.
    """


@one(role="markers", deadline=4.0, absent="not_provided")
def read_rooms_of(
    user_id: str, after: str | None, limit: int
) -> Awaitable[Sequence[ReadRoom]] | Sequence[ReadRoom]:
    """Return at most `limit` rooms in which the user has a role or a marker, with what is not read yet.

    Sorted by name, by code points, beginning after `after`. Private rooms in which the user has no role are
    left out. One query, however many rooms there are.
    """


@one(role="markers", deadline=4.0, absent="not_provided")
def read_inbox(
    user_id: str, before: int | None, limit: int
) -> Awaitable[Sequence[InboxEntry]] | Sequence[InboxEntry]:
    """Return at most `limit` messages that mention the user, newest first, with a lower `id` than `before`.

    Messages that mention everybody are among them in the rooms of `read_rooms_of`. Messages of users whom
    the user blocks, the user's own, and those in private rooms in which the user has no role are left out.
    A message that mentions the user by id and as everybody may be returned twice.
    """
