"""How much of a history fits into one answer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tornchat.model import Entry

MOST_PAGE_BYTES = 512 * 1024
"""Maximum size of the messages of a page, since it waits in memory while a client reads it slowly."""
_encode = msgspec.json.Encoder().encode


def fitting(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the first entries of `entries`: as many as have `MOST_PAGE_BYTES` in all, and at least one."""
    total = 0
    for count, entry in enumerate(entries):
        total += _size(entry)
        if total > MOST_PAGE_BYTES and count:
            return entries[:count]
    return entries


def fitting_around(entries: Sequence[Entry], around: int) -> Sequence[Entry]:
    """Return as many entries on both sides of the place `around` as have `MOST_PAGE_BYTES` in all.

    What is nearest to it comes first, and is at least one.
    """
    nearest = sorted(entries, key=lambda entry: (abs(entry.seq - around), entry.seq))
    return sorted(fitting(nearest), key=lambda entry: entry.seq)


def _size(entry: Entry) -> int:
    text, name = len(_encode(entry.text)), len(_encode(entry.sender_username))
    return text + name + (len(msgspec.json.encode(entry.more)) if entry.more is not None else 0)
