"""What a node counts of its traffic: plain numbers, added to where it happens."""

from __future__ import annotations

from collections import Counter

from tornchat.errors import CLOSE_CODES

OTHER = "other"
NO_CODE = "none"


class Counts:
    """Numbers that only grow. Each is an integer that costs one addition where it happens."""

    __slots__ = (
        "auth_failures",
        "closed",
        "deliveries",
        "handshakes_refused",
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
        """Text messages that clients sent."""
        self.received_bytes = 0
        self.stored = 0
        """Entries that this node brought into the log."""
        self.deliveries = 0
        """Entries times the sessions in their room, here."""
        self.sent_bytes = 0
        """Bytes of frames given to sockets, without pings and close frames."""
        self.slow = 0
        """Sessions that were cut off since they read too slowly."""
        self.opened = 0
        self.closed: Counter[str] = Counter()
        """By close code; what is none of ours or the protocol's is `other`, no code at all is `none`."""
        self.refused: Counter[str] = Counter()
        """Messages that were answered by an error, by its code."""
        self.auth_failures: Counter[str] = Counter()
        """Connections that nobody could be made out for, by the reason."""
        self.handshakes_refused: Counter[str] = Counter()
        """Requests for a WebSocket that got none, by the reason."""

    def close(self, code: int | None) -> None:
        """Count the end of a connection. Any client may send any code: they must not all be kept."""
        known = OTHER if code not in CLOSE_CODES else str(code)
        self.closed[NO_CODE if code is None else known] += 1
