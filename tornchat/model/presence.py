"""Who is in a room."""

from __future__ import annotations

from typing import Literal

import msgspec

from tornchat.model.users import Participant


class PresenceChange(msgspec.Struct, frozen=True, gc=False):
    """A user's first session in a room started (`join`) or their last one ended (`leave`)."""

    kind: Literal["join", "leave"]
    participant: Participant


class Roster(msgspec.Struct, frozen=True):
    """The users in a room, across all nodes. Each change increases `version` by one.

    `complete` is false while the nodes register their sessions again after shared presence data was lost; a
    user who is missing then has not left. When it is complete again, `chat.may_have_missed()` is called.
    """

    version: int
    users: tuple[Participant, ...]
    complete: bool = True
