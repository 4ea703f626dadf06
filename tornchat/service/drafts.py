"""From what a client says to a draft: the sender and the time are the server's, the text is checked."""

from __future__ import annotations

import time
from itertools import count

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.model import Draft, RoomInfo, RoomSummary, User
from tornchat.wire import Said


class Drafts:
    """Makes the drafts of one node, each with an id that no other draft has, on any node."""

    def __init__(self, node_id: str, message_chars: int) -> None:
        """`message_chars` is how long a text may be (characters); 0 is no limit."""
        self._node_id = node_id
        self._message_chars = message_chars
        self._numbers = count(1)

    def check(self, text: str) -> None:
        """Raise `ChatError` for a text that is too long, empty, or that storage could not hold."""
        if self._message_chars and len(text) > self._message_chars:
            raise ChatError(
                "message_too_long", f"The message is longer than {self._message_chars} characters."
            )
        if not text or text.isspace():
            raise ChatError("empty_message")
        if "\0" in text:
            raise ChatError("invalid_message", "The message holds a NUL character.")

    def make(self, user: User, room: RoomInfo | RoomSummary, said: Said) -> Draft:
        """Make the draft of what `user` says, with an id, a time and the epoch of the room's log."""
        return Draft(
            draft_id=f"{self._node_id}-{next(self._numbers)}",
            room=room.name,
            sender_id=user.id,
            sender_username=user.username,
            text=said.text,
            sent_at=int(time.time() * 1000),
            client_id=said.client_id,
            epoch=room.epoch,
        )

    def delete(self, user: User, room: RoomInfo | RoomSummary, target: int) -> Draft:
        """Make the draft that deletes entry `target`."""
        return replace(self.make(user, room, Said("")), kind="deletion", target=target)
