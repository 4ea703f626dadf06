"""Interpretation of the end of a connection: whether and when to reconnect."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.release_before.client.errors import CURES, Ended
from tests.release_before.client.websocket import NO_STATUS, HandshakeRefused
from tornchat.errors import FINAL_CLOSE_CODES, Closed

LONGEST_WAIT = 300.0
"""Maximum delay in seconds that a server may request."""
NOT_NOW = frozenset({408, 425, 429})
"""Temporary HTTP statuses below 500."""


class Goodbye(NamedTuple):
    """An end after which the client reconnects, after `retry_after` seconds if the server requests it."""

    reason: str
    code: int | None = None
    retry_after: float | None = None


def after_close(closed: Closed) -> Goodbye:
    """Interpret a close code. Raises `Ended` if it is final."""
    if closed.code in FINAL_CLOSE_CODES:
        raise Ended(closed.code, closed.reason, CURES[closed.code])
    code = None if closed.code == NO_STATUS else closed.code
    found = re.search(r"retry_after=(\d{1,9}(?:\.\d{1,9})?)", closed.reason)
    return Goodbye(
        f"closed with {code or 'no code'} {closed.reason}".rstrip(),
        code,
        min(float(found[1]), LONGEST_WAIT) if found else None,
    )


def after_refusal(refusal: HandshakeRefused, known: bool) -> Goodbye:
    """Interpret a refused handshake.

    `known` means that an earlier connection succeeded, so that the server is a tornchat server. Raises
    `Ended` if it is not known and the refusal is permanent.
    """
    if not known and refusal.status not in NOT_NOW and not 500 <= refusal.status < 600:
        reason = f"what answers there is no tornchat server ({refusal})"
        raise Ended(refusal.status or None, reason, "Look at the URL.")
    wait = None if refusal.retry_after is None else min(refusal.retry_after, LONGEST_WAIT)
    return Goodbye(str(refusal), None, wait)


def after_failure(error: Exception) -> Goodbye:
    """Interpret a connection that failed or could not be opened."""
    words = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
    return Goodbye(words)
