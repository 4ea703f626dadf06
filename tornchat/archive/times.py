"""Times as they stand in files for people."""

from __future__ import annotations

from datetime import UTC, datetime

LAST = 253_402_300_799_999  # the end of the year 9999, after which there is no such text


def timestamp(sent_at: int) -> str:
    """Give Unix milliseconds as UTC, to the second: `2024-03-14T12:00:00Z`."""
    return datetime.fromtimestamp(min(max(sent_at, 0), LAST) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
