"""Creation of drafts from client messages. The server checks the text and sets the sender and the time."""

from __future__ import annotations

import time
from itertools import count

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.model import MOST_OPEN_BYTES, Draft, More, RoomInfo, RoomSummary, User, digest_of
from tornchat.wire import Said


class Drafts:
    """Creates the drafts of one node, with ids that are unique across all nodes."""

    def __init__(self, node_id: str, message_chars: int) -> None:
        self._node_id = node_id
        self.message_chars = message_chars
        """The maximum length of a text in characters; 0 means no limit."""
        self._numbers = count(1)

    def check(self, text: str) -> None:
        """Raise `ChatError` if the text is too long, is blank, or contains a NUL character."""
        self.check_piece(text)
        if text.isspace():
            raise ChatError("empty_message")

    def check_piece(self, text: str) -> None:
        """Raise `ChatError` as `check` does for a piece of a streamed message, which may be blank."""
        if self.message_chars and len(text) > self.message_chars:
            raise ChatError(
                "message_too_long", f"The message is longer than {self.message_chars} characters."
            )
        if not text:
            raise ChatError("empty_message")
        if "\0" in text:
            raise ChatError("invalid_message", "The message holds a NUL character.")

    @staticmethod
    def check_whole(text: str) -> None:
        """Raise `ChatError` as `check` does for the whole text of a streamed message."""
        if len(text.encode()) > MOST_OPEN_BYTES:
            raise ChatError("message_too_long", f"The message has more than {MOST_OPEN_BYTES} bytes.")
        if not text or text.isspace():
            raise ChatError("empty_message")
        if "\0" in text:
            raise ChatError("invalid_message", "The message holds a NUL character.")

    def make(self, user: User, room: RoomInfo | RoomSummary, said: Said) -> Draft:
        """Create the draft of what `user` said, with a new id and the current time."""
        return Draft(
            draft_id=f"{self._node_id}-{next(self._numbers)}",
            room=room.name,
            sender_id=user.id,
            sender_username=user.username,
            text=said.text,
            sent_at=int(time.time() * 1000),
            client_id=said.client_id,
            kind=said.kind,
            target=said.target,
            epoch=room.epoch,
            more=None if said.more is None else _known_by_digest(said, said.more),
        )


def _known_by_digest(said: Said, more: More) -> More:
    return replace(more, digest=digest_of(said.kind, said.target, said.text, said.expects, more))
