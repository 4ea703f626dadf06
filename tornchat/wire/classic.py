"""The dialect `classic`: exactly the documented wire format."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tornchat.errors import ChatError
from tornchat.model import Entry, RoomInfo
from tornchat.wire.dialect import Dialect, Said, Welcome
from tornchat.wire.framing import text_frame
from tornchat.wire.repeats import STRING, refuse_repeated_keys, unreadable
from tornchat.wire.shared import Shared, Timestamp, encode

QUOTES_OF_ONE_PAIR = 4
"""A decoded payload with this number of quotes has only the required key, so that it has no repeated key."""
_CLASSIC_ONE_KEY = re.compile(rb'\s*\{\s*"message"\s*:\s*' + STRING + rb"\s*\}\s*").fullmatch


class ClassicSend(msgspec.Struct):
    """`{"message": "..."}`; other keys are ignored."""

    message: str


class ChatMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A message in the dialect `classic`."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: Timestamp


class ClassicError(msgspec.Struct):
    """An error in the dialect `classic`."""

    error: str


class Classic(Shared):
    """The documented wire format. Its frames have the documented keys and no others."""

    name = "classic"
    marks_guests = False
    signals = False
    streams = False
    pong = b""
    _decode = staticmethod(msgspec.json.Decoder(ClassicSend).decode)

    @property
    def plain(self) -> Dialect:
        return self

    def decode(self, payload: bytes) -> Said:
        try:
            sent = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(error) from None
        if payload.count(b'"') != QUOTES_OF_ONE_PAIR and not _CLASSIC_ONE_KEY(payload):
            refuse_repeated_keys(payload)
        return Said(sent.message)

    def welcome(self, welcome: Welcome) -> bytes:
        return b""

    def entry(self, entry: Entry) -> bytes:
        if entry.more is not None and entry.more.whole is not None and entry.closes:
            entry = entry.more.whole  # a streamed message is told when it is closed
        if entry.target is not None or not entry.text or (entry.more is not None and entry.is_open):
            return b""
        stamp = self._timestamp(entry.sent_at)
        return text_frame(encode(ChatMessage(entry.text, entry.sender_username, entry.sender_id, stamp)))

    def marked(self, marks: Sequence[Entry]) -> bytes:
        return b""

    def changed(self, message: Entry) -> bytes:
        return b""

    def caught_up(self, position: int) -> bytes:
        return b""

    def room_changed(self, room: RoomInfo) -> bytes:
        return b""

    def ack(self, client_id: str, entry: Entry) -> bytes:
        return b""

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        return text_frame(encode(ClassicError(error.text)))
