"""What is refused: error frames, strikes, counts and log lines."""

from __future__ import annotations

import asyncio
import logging

from tornchat.errors import POLICY_VIOLATION, ChatError
from tornchat.metrics.counts import Counts, Transport
from tornchat.service.session import Session

LIMITS = frozenset({"message_too_long", "rate_limited"})
"""Codes of errors caused by the sender's own limits; the first one of a session is logged."""

log = logging.getLogger("tornchat.chat")


class Refusing:
    """Tells senders that something was refused, and counts it."""

    def __init__(self, counts: Counts) -> None:
        """Requires a running event loop."""
        self._counts = counts
        self._now = asyncio.get_running_loop().time

    def refuse(self, session: Session, error: ChatError, client_id: str | None = None) -> None:
        """Send an error frame to the session. Repeated violations close its connection with 1008."""
        names = (session.user.id, session.room.info.name)
        self.note(error.code, error.text, "websocket", client_id or session.id, *names)
        if error.code in LIMITS and not session.strikes.standing:
            self._note_limit(session, error)
        dialect = session.member.stream.dialect
        session.room.aside(session.member, dialect.error(error, client_id))
        if error.blames_sender and session.strikes.add(self._now()):
            session.member.outlet.end(POLICY_VIOLATION, "too many refused messages")

    def note(
        self, code: str, reason: str, transport: Transport, request: str | None, user: str, room: str
    ) -> None:
        """Count and log a refused message. `request` is its client id, session or HTTP request."""
        self._counts.refused[code, transport] += 1
        if log.isEnabledFor(logging.DEBUG):
            facts = {"event": "refused", "code": code, "reason": reason, "transport": transport}
            facts |= {"request": str(request), "user": user, "room": room}
            words = (
                "refused message %(request)r of user %(user)r in room %(room)r over %(transport)s: %(code)s"
            )
            log.debug(words + " %(reason)r", facts, extra=facts)

    def _note_limit(self, session: Session, error: ChatError) -> None:
        """Log that a session has reached a limit. Called only the first time, to keep the log short."""
        facts = {
            "event": "limit",
            "session": session.id,
            "user": session.user.id,
            "room": session.room.info.logged_with_user,
            "limit": error.code,
        }
        log.info("user %(user)r in room %(room)r has reached a limit: %(limit)s", facts, extra=facts)
