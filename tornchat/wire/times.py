"""Formatting of times in frames, answers and files."""

from __future__ import annotations

from datetime import UTC, datetime

LAST = 253_402_300_799_999  # the end of the year 9999, the last one that `datetime` supports


def timestamp(sent_at: float) -> str:
    """Format Unix time in milliseconds as UTC with seconds, for example `2024-03-14T12:00:00Z`.

    Times outside the years 1970 to 9999, as only a foreign database or node can have, become the nearest one
    inside. Raises nothing.
    """
    within = min(max(0, sent_at), LAST)  # NaN becomes 0
    return datetime.fromtimestamp(within // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
