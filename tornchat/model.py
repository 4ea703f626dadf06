"""The words of the house as types: who speaks, what is said, and where it stands in its room's log.

Everything here is frozen, is typed once and does no I/O. Times are Unix time: seconds where a
field says so, else milliseconds (`sent_at`). Text is counted in characters (code points).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["message", "deletion"]
Role: TypeAlias = Literal["owner", "moderator", "member"]
"""What somebody is in one room; the roles of a `User` count everywhere."""
Action: TypeAlias = Literal["join", "send", "moderate", "manage"]
SanctionKind: TypeAlias = Literal["ban", "mute"]
TokenSource: TypeAlias = Literal["header", "subprotocol", "cookie", "query"]


class Participant(msgspec.Struct, frozen=True, gc=False):
    """A user as the others in a room see them."""

    id: str
    username: str


class User(msgspec.Struct, frozen=True):
    """Who speaks. `expires_at` (Unix seconds) is when the right to be here ends; None is never."""

    id: str
    username: str
    roles: frozenset[str] = frozenset()
    expires_at: float | None = None

    @property
    def participant(self) -> Participant:
        """The user as the others see them."""
        return Participant(self.id, self.username)


class Credentials(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """What a handshake offers to prove who it is.

    `token` is the bearer token and `source` where it stood; both are None when none was offered.
    `headers` has lower-case names; a header sent several times is joined with ", ".
    Its repr shows neither token, headers nor cookies, so that it may be logged.
    """

    room: str
    remote_ip: str
    token: str | None = None
    source: TokenSource | None = None
    headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Credentials(room={self.room!r}, remote_ip={self.remote_ip!r}, source={self.source!r})"


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A message before it is stored.

    `draft_id` is the core's own and unique over all nodes; storage keeps it in the row, so that an
    unknown outcome can be looked up. `client_id` is the sender's, and is stored once per room and
    sender. A deletion has the `seq` of what it deletes as `target`, and no text. `epoch` names the log that
    the draft is meant for: storage refuses it with `room_gone` if the room has another log; "" is unchecked.
    """

    draft_id: str
    room: str
    sender_id: str
    sender_username: str
    text: str
    sent_at: int
    client_id: str | None = None
    kind: Kind = "message"
    target: int | None = None
    epoch: str = ""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What a room's log holds at place `seq` (1, 2, 3 ... without a gap).

    A message with an empty text is one that was deleted: its text is gone, its place stays.
    """

    seq: int
    sender_id: str
    sender_username: str
    text: str
    sent_at: int
    draft_id: str
    client_id: str | None = None
    kind: Kind = "message"
    target: int | None = None


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in a room's log. `epoch` names the log itself and is drawn when a room is created.

    Of a log's head, `first_seq` is the oldest entry still stored; of any other place it says nothing.
    """

    epoch: str
    seq: int
    first_seq: int = 1


class RoomInfo(msgspec.Struct, frozen=True):
    """What storage knows of a room."""

    name: str
    epoch: str
    private: bool = False
    owner: str | None = None


class Page(msgspec.Struct, frozen=True):
    """A piece of a room's log, oldest first, and the log's bounds when it was read.

    `first_seq` is the oldest entry still stored (`head_seq + 1` for an empty log).
    """

    entries: tuple[Entry, ...]
    first_seq: int
    head_seq: int
    epoch: str


class Stored(msgspec.Struct, frozen=True, gc=False):
    """The outcome *stored*: the entry is on disk. `repeated` when it had been there before."""

    entry: Entry
    epoch: str
    repeated: bool = False


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The outcome *refused*: surely not stored. `code` is one of `tornchat.errors.CODES`."""

    code: str
    reason: str = ""


StoreResult: TypeAlias = Stored | Refusal


class PresenceChange(msgspec.Struct, frozen=True, gc=False):
    """One user's first session in a room began (`join`) or their last one ended (`leave`)."""

    kind: Literal["join", "leave"]
    participant: Participant


class Roster(msgspec.Struct, frozen=True):
    """Who is in a room, over all nodes. Each change of the list raises `version` by one.

    It is not `complete` while the nodes still enter what a cluster's memory has lost: who is not listed
    then has not left for that. When it is complete again, `chat.may_have_missed()` is called.
    """

    version: int
    users: tuple[Participant, ...]
    complete: bool = True


class Fault(msgspec.Struct, frozen=True):
    """Something that would stop the server from working, and how to cure it."""

    what: str
    cure: str


class RoomSummary(msgspec.Struct, frozen=True):
    """A room as it is listed. `seq` is the head of its log."""

    name: str
    epoch: str
    private: bool
    owner: str | None
    seq: int


class RoomPage(msgspec.Struct, frozen=True):
    """A piece of the list of rooms, by name. `next` is the name to go on after; None at the end."""

    rooms: tuple[RoomSummary, ...]
    next: str | None = None


class Membership(msgspec.Struct, frozen=True):
    """What somebody is in a room."""

    user_id: str
    role: Role


class Rights(msgspec.Struct, frozen=True):
    """What a user may do in a room: "join" it, "send" to it, "moderate" it, "manage" it.

    `role` is None for who is no member. `muted_until` and `banned_until` are in Unix seconds; None: not now.
    """

    room: RoomSummary
    role: Role | None
    actions: tuple[Action, ...]
    muted_until: float | None = None
    banned_until: float | None = None


class Sanction(msgspec.Struct, frozen=True):
    """Somebody may not be in a room ("ban") or not speak there ("mute") before `until` (Unix seconds).

    `by` is the id of the user who set it.
    """

    room: str
    user_id: str
    kind: SanctionKind
    until: float
    by: str
