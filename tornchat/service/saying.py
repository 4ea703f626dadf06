"""What code in the process says beyond a text, checked as what clients send is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tornchat.errors import ChatError
from tornchat.model import Mentions, More
from tornchat.wire.meta import check_text

MOST_SEQ = 2**53 - 1


def said_more(
    reply_to: int | None = None,
    thread: int | None = None,
    mentions: Sequence[str] | Mentions = (),
    meta: Mapping[str, object] | None = None,
) -> More | None:
    """Return it in the form of drafts; None for a plain text. Raises `ChatError` (`invalid_message`)."""
    for seq in (reply_to, thread):
        if seq is not None and not 0 < seq <= MOST_SEQ:
            raise ChatError("invalid_message", "reply_to and thread are the places of messages.")
    named = mentions if isinstance(mentions, Mentions) else Mentions(tuple(mentions))
    whom = Mentions(tuple(dict.fromkeys(named.users)), named.room) if named.users or named.room else None
    if reply_to is None and thread is None and whom is None and meta is None:
        return None
    try:
        msgspec.convert(msgspec.to_builtins(whom), Mentions | None)
        text = "" if meta is None else msgspec.json.encode(meta).decode()
        msgspec.json.encode(whom)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ChatError("invalid_message", f"Mentions or meta can't be stored: {error}.") from None
    if meta is not None:
        check_text(text)
    return More(reply_to=reply_to, thread=thread, mentions=whom, meta=text)
