"""Formatting of times in exported files."""

from __future__ import annotations

from datetime import UTC, datetime

LAST = 253_402_300_799_999  # the end of the year 9999, the last one that `datetime` supports


def timestamp(sent_at: int) -> str:
    """Format Unix time in milliseconds as UTC with seconds, for example `2024-03-14T12:00:00Z`."""
    return datetime.fromtimestamp(min(max(sent_at, 0), LAST) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
