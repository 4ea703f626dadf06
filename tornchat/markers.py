"""What storage keeps of users as readers: how far they have read rooms, and what mentions them."""

from __future__ import annotations

import msgspec

from tornchat.model import Role

PRESENT = -1
"""In place of a marker's generation: the one that stands, or 0 if none does."""


class Marker(msgspec.Struct, frozen=True, gc=False):
    """That a user has read the log with this epoch up to `seq`.

    Of two markers of a user in a room, the one with the higher generation is the larger one, and within a
    generation the one with the higher `seq`. A marker of another log than the room's present one is none.
    """

    user_id: str
    room: str
    epoch: str
    seq: int
    generation: int = PRESENT

    def larger(self, than: Marker | None) -> bool:
        """Return whether this marker of the same user and room is larger; any is larger than none."""
        if than is None or self.epoch != than.epoch:
            return True
        return (self.generation, self.seq) > (than.generation, than.seq)


class ReadState(msgspec.Struct, frozen=True, gc=False):
    """The marker of a user in a room; `seq` is 0 if there is none.

    `number` is the number of messages that are read or pruned: those up to `seq`, or up to the last pruned
    entry if that is later.
    """

    user_id: str
    room: str
    epoch: str
    seq: int
    generation: int
    number: int


class ReadRoom(msgspec.Struct, frozen=True):
    """A room as a user finds it: where its log stands, what the user is in it, and what is not read yet.

    `seq` is the head of the log, `read_seq` the user's marker, 0 if there is none. `unread` is the number of
    messages after it, `mentions` how many of them mention the user, without those of users whom the user
    blocks. Deleted messages are unread, but mention nobody. Pruned messages are neither.
    """

    name: str
    epoch: str
    private: bool
    role: Role | None
    seq: int
    read_seq: int
    unread: int
    mentions: int
    title: str = ""


class InboxEntry(msgspec.Struct, frozen=True):
    """A message that mentions a user, or everybody in the room if `everybody` is true, as it is now.

    `id` is given by storage and rises. `sent_at` is in Unix milliseconds.
    """

    id: int
    room: str
    seq: int
    sender_id: str
    sender_username: str
    text: str
    sent_at: int
    everybody: bool
