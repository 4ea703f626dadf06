"""Closing of streamed messages that nobody closes: their senders are gone, or silent for too long."""

from __future__ import annotations

import logging
import time

from tornchat.errors import ChatError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import More, OpenMessage, User
from tornchat.service.access import trusted_user
from tornchat.service.posting import Posting
from tornchat.wire import Said

MOST = 100
"""Messages closed at a time."""
LONGEST_PAUSE = 5.0
ANSWERED = frozenset({"not_open", "not_found", "room_not_found", "room_gone", "stale"})
"""Codes of refusals that say that there is nothing to close any more, or that the message has grown."""

log = logging.getLogger("tornchat.chat")


class Closing:
    """Closes open messages as `failed`. Every node does, under the same id: the first one counts."""

    def __init__(self, hooks: Hooks, posting: Posting, open_seconds: float) -> None:
        """A message that has not grown for `open_seconds` is closed; 0: none is."""
        self._hooks = hooks
        self._posting = posting
        self._open_seconds = open_seconds

    @property
    def active(self) -> bool:
        """Whether there may be messages to close."""
        return self._hooks.streams and self._open_seconds > 0

    @property
    def pause(self) -> float:
        """Seconds between two looks for open messages."""
        return min(LONGEST_PAUSE, self._open_seconds / 2)

    async def close_silent(self) -> None:
        """Close what has not grown for too long."""
        before = int((time.time() - self._open_seconds) * 1000)
        try:
            for found in await self._hooks.read_open(before, MOST):
                await self._close(found)
        except Unavailable:
            pass  # the next time

    async def _close(self, found: OpenMessage) -> None:
        """Close a message; delete it if the filters refuse its whole text, which must then not stay."""
        sender = trusted_user(User(found.sender_id, found.sender_username))
        for client_id in (f"close:{found.seq}", None):  # its sender may have used this id for something else
            said = Said("", client_id, "close", found.seq, found.length, More(status="failed"))
            try:
                await self._posting.change(sender, found.room, said)
                return
            except ChatError as refusal:
                code = refusal.code
            if code != "conflict":
                break
        if code in ANSWERED:
            return
        if code == "rejected":
            await self._posting.change(sender, found.room, Said("", None, "deletion", found.seq))
        facts = {"event": "not_closed", "seq": found.seq, "code": code}
        log.warning("the open message %(seq)d could not be closed: %(code)s", facts, extra=facts)
