"""Traffic counters of a node."""

from __future__ import annotations

from collections import Counter
from typing import Literal, TypeAlias

from tornchat.errors import CLOSE_CODES
from tornchat.model import PLAIN

Transport: TypeAlias = Literal["websocket", "http", "code"]
"""How a message was sent; `code`: by a plugin or the host application."""
OTHER = "other"
NO_CODE = "none"


class Counts:
    """Counters that only increase. They are plain integers, so that counting costs one addition."""

    __slots__ = (
        "auth_failures",
        "closed",
        "deliveries",
        "handshakes_refused",
        "kinds",
        "limits",
        "opened",
        "received",
        "received_bytes",
        "refused",
        "sent_bytes",
        "slow",
        "stored",
    )

    def __init__(self) -> None:
        self.received = 0
        """Number of text messages received from clients."""
        self.received_bytes = 0
        self.stored = 0
        """Number of entries that this node stored in the log."""
        self.kinds: Counter[str] = Counter()
        """These entries by kind, without those of the kind `message`."""
        self.deliveries = 0
        """For each accepted entry, the number of sessions in its room on this node, summed up."""
        self.sent_bytes = 0
        """Bytes of frames written to sockets, without pings and close frames."""
        self.slow = 0
        """Number of sessions closed because they read too slowly."""
        self.opened = 0
        self.closed: Counter[str] = Counter()
        """Closed connections by close code; unknown codes count as `other`, a missing code as `none`."""
        self.refused: Counter[tuple[str, Transport]] = Counter()
        """Refused messages by error code and transport."""
        self.auth_failures: Counter[str] = Counter()
        """Connections that failed authentication, by cause."""
        self.handshakes_refused: Counter[str] = Counter()
        """Refused WebSocket handshakes, by cause."""
        self.limits: Counter[str] = Counter()
        """How often each limit was exceeded."""

    def close(self, code: int | None) -> None:
        """Count a closed connection. Unknown codes are merged, because a client may send any code."""
        known = OTHER if code not in CLOSE_CODES else str(code)
        self.closed[NO_CODE if code is None else known] += 1

    def stored_by_kind(self) -> dict[str, int]:
        """Return the number of stored entries by kind."""
        others = dict(self.kinds)
        return {PLAIN: self.stored - sum(others.values()), **others}

    def refused_by_code(self) -> dict[str, int]:
        """Return the number of refused messages by error code."""
        found: Counter[str] = Counter()
        for (code, _), count in dict(self.refused).items():
            found[code] += count
        return dict(found)
