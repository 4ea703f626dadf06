"""Reading the frames that clients of `v1` send about messages."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from tornchat.errors import ChatError
from tornchat.kinds import BUILT_IN
from tornchat.model import PLAIN, Mentions, More, Status
from tornchat.wire.dialect import Said
from tornchat.wire.meta import MetaObject, text_of
from tornchat.wire.repeats import STRING, refuse_repeated_keys, unreadable
from tornchat.wire.v1.fields import ClientId
from tornchat.wire.v1.requests import V1Append, V1Close, V1Edit, V1Mark, V1Request, V1Revise, V1Send

QUOTES_OF_THREE_PAIRS = 12
"""A decoded message with this number of quotes has only the required keys, so that none is repeated."""
QUOTES_OF_ONE_PAIR = 4
"""The same for a ping."""
_V1_THREE_KEYS = re.compile(
    rb'\s*\{\s*"type"\s*:\s*"send"\s*,\s*"id"\s*:\s*'
    + STRING
    + rb'\s*,\s*"message"\s*:\s*'
    + STRING
    + rb"\s*\}\s*"
).fullmatch


class _PlainSend(msgspec.Struct, tag_field="type", tag="send"):
    """`V1Send` without the fields that are optional."""

    id: ClientId
    message: str


_decode_plain = msgspec.json.Decoder(_PlainSend).decode
_decode_send = msgspec.json.Decoder(V1Send).decode
_decode = msgspec.json.Decoder(V1Request).decode


def read(payload: bytes) -> Said | None:
    """Return what a frame about messages says; None for a ping, which is answered without it.

    Raises `ChatError` (`invalid_message`), with the frame's id if that can be read.
    """
    try:
        sent = _decode_plain(payload)
    except msgspec.ValidationError:
        return _read_other(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(error, _client_id(payload)) from None
    if payload.count(b'"') != QUOTES_OF_THREE_PAIRS and not _V1_THREE_KEYS(payload):
        refuse_repeated_keys(payload)
        return _read_more(payload)
    return Said(sent.message, sent.id)


def _read_more(payload: bytes) -> Said:
    """Decode a message to send that says more than a text."""
    try:
        sent = _decode_send(payload)
    except msgspec.ValidationError as error:
        raise unreadable(error, _client_id(payload)) from None
    return _said(sent)


def _read_other(payload: bytes) -> Said | None:
    """Decode what is no message to send; the frequent ones are spared the look at their type."""
    try:
        sent = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _is_ping(payload):
            return None
        raise unreadable(error, _client_id(payload)) from None
    refuse_repeated_keys(payload)
    return _said(sent)


def _said(sent: V1Request) -> Said:
    """Raises `ChatError` (`invalid_message`)."""
    try:
        if isinstance(sent, V1Send):
            more = more_of(
                sent.reply_to, sent.thread, sent.mentions, sent.meta, sent.kind, sent.data, sent.open
            )
            return Said(sent.message, sent.id, sent.kind, more=more)
        if isinstance(sent, V1Edit):
            more = more_of(meta=sent.meta)
            return Said(sent.message, sent.id, "edit", sent.seq, sent.revision, more)
        if isinstance(sent, V1Revise):
            return revision_of(sent.seq, sent.kind, sent.data, sent.id)
    except ChatError as error:
        raise ChatError(error.code, error.text, None, sent.id) from None
    if isinstance(sent, V1Append):
        return Said(sent.message, sent.id, "append", sent.seq, sent.offset, More(offset=sent.offset))
    if isinstance(sent, V1Close):
        return Said("", sent.id, "close", sent.seq, more=More(status=sent.status))
    if isinstance(sent, V1Mark):
        return Said("", sent.id, sent.kind, sent.seq, tokens=tuple(sent.tokens))
    return Said("", sent.id, "deletion", sent.seq)


def more_of(
    reply_to: int | None = None,
    thread: int | None = None,
    mentions: Mentions | None = None,
    meta: MetaObject | None = None,
    kind: str = PLAIN,
    data: MetaObject | None = None,
    opens: bool = False,
) -> More | None:
    """Return what a client says of a message beyond its text; None if it says nothing.

    A message of another kind than `message` always says something. Raises `ChatError` (`invalid_message`)
    for a `meta` or a `data` that is too large or too deep.
    """
    if mentions is not None:
        mentioned = Mentions(tuple(dict.fromkeys(mentions.users)), mentions.room)
        mentions = mentioned if mentioned.users or mentioned.room else None
    said = (reply_to, thread, mentions, meta, data)
    if kind == PLAIN and all(one is None for one in said) and not opens:
        return None
    told, typed = text_of(meta), text_of(data, "data")
    status: Status = "open" if opens else ""
    return More(reply_to=reply_to, thread=thread, mentions=mentions, meta=told, data=typed, status=status)


def revision_of(seq: int, kind: str, data: MetaObject | None = None, client_id: str | None = None) -> Said:
    """Return what a client says who changes a message in the way of a plugin's kind.

    Raises `ChatError` (`invalid_message`) for a `data` that is too large or too deep, and for a built-in
    kind, which has a frame of its own.
    """
    if kind in BUILT_IN:
        raise ChatError("invalid_message", f"The kind {kind!r} is built in, and has a frame of its own.")
    typed = text_of(data, "data")
    return Said("", client_id, kind, seq, more=More(data=typed) if typed else None)


class _PingType(msgspec.Struct):
    """Not `V1Ping`, which msgspec also finds in an object without a type."""

    type: Literal["ping"]


_decode_ping = msgspec.json.Decoder(_PingType).decode


def _is_ping(payload: bytes) -> bool:
    """Return whether the payload is a ping. Raises `ChatError` if it is one with repeated keys."""
    try:
        _decode_ping(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    if payload.count(b'"') != QUOTES_OF_ONE_PAIR:
        refuse_repeated_keys(payload)
    return True


class _AnyId(msgspec.Struct):
    id: str


def _client_id(payload: bytes) -> str | None:
    """Return the id in an invalid message, if it has one, so that its sender knows which was refused."""
    try:
        found = msgspec.json.decode(payload, type=_AnyId).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if 1 <= len(found) <= 64 else None
