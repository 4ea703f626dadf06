"""The body of a request to a webhook."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from tornchat import Batch, Entry, More


def body_of(batch: Batch, entries: Sequence[Entry], now: int) -> bytes:
    """Return what a receiver is told of these entries of the batch. `now` is in Unix seconds."""
    told = [{"id": batch.key(entry), **_entry(entry)} for entry in entries]
    data = {"room": batch.room, "private": batch.private, "epoch": batch.epoch, "entries": told}
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return msgspec.json.encode({"type": "room.entries", "timestamp": when, "data": data})


def _entry(entry: Entry) -> dict[str, object]:
    """Return what a receiver is told. A plain message has no `target`, and says nothing beyond its text."""
    known = {
        "seq": entry.seq,
        "kind": entry.kind,
        "user_id": entry.sender_id,
        "username": entry.sender_username,
        "message": _text(entry),
        "sent_at": entry.sent_at,
    }
    more: dict[str, object] = {"client_id": entry.client_id, "target": entry.target}
    if entry.more is not None:
        more |= _more(entry.more)
    return {**known, **{name: value for name, value in more.items() if value is not None}}


def _text(entry: Entry) -> str:
    """Return the text of an entry; of the end of a streamed message, the whole text."""
    whole = entry.more.whole if entry.more is not None else None
    return entry.text or (whole.text if whole is not None else "")


def _more(more: More) -> dict[str, object]:
    """Return what an entry says beyond a text; None stands for what it does not say."""
    told: dict[str, object] = {
        name: getattr(more, name) for name in ("reply_to", "thread", "mentions", "offset")
    }
    told |= {name: getattr(more, name) or None for name in ("revision", "status")}
    for name, text in (("meta", more.meta), ("data", more.data)):
        told[name] = msgspec.Raw(text.encode()) if text else None
    if more.mark is not None:
        told |= {name: getattr(more.mark, name) for name in ("added", "removed", "counts")}
    return told
