"""What code in the process says beyond a text, checked as what clients send is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from tornchat.errors import ChatError
from tornchat.model import PLAIN, Mentions, More
from tornchat.wire.meta import check_text

MOST_SEQ = 2**53 - 1
Data: TypeAlias = Mapping[str, object] | msgspec.Struct


def said_more(
    reply_to: int | None = None,
    thread: int | None = None,
    mentions: Sequence[str] | Mentions = (),
    meta: Mapping[str, object] | None = None,
    kind: str = PLAIN,
    data: Data | None = None,
) -> More | None:
    """Return it in the form of drafts; None for a plain text. Raises `ChatError` (`invalid_message`)."""
    for seq in (reply_to, thread):
        if seq is not None and not 0 < seq <= MOST_SEQ:
            raise ChatError("invalid_message", "reply_to and thread are the places of messages.")
    named = mentions if isinstance(mentions, Mentions) else Mentions(tuple(mentions))
    whom = Mentions(tuple(dict.fromkeys(named.users)), named.room) if named.users or named.room else None
    said = (reply_to, thread, whom, meta, data)
    if kind == PLAIN and all(one is None for one in said):
        return None
    try:
        msgspec.convert(msgspec.to_builtins(whom), Mentions | None)
        text, typed = _text_of(meta, "meta"), _text_of(data, "data")
        msgspec.json.encode(whom)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ChatError("invalid_message", f"Mentions, meta or data can't be stored: {error}.") from None
    return More(reply_to=reply_to, thread=thread, mentions=whom, meta=text, data=typed)


def said_data(data: Data | None) -> More | None:
    """Return the `data` of a revision in the form of drafts. Raises `ChatError` (`invalid_message`)."""
    return None if data is None else said_more(data=data)


def _text_of(value: Data | None, field: str) -> str:
    """Raises `ChatError` for what is no JSON object, too large or too deep, and what msgspec raises."""
    if value is None:
        return ""
    text = msgspec.json.encode(value).decode()
    check_text(text, field)
    return text
