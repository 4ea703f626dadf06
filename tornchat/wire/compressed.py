"""A dialect with compressed frames. Each frame is compressed once for all members with the same window.

Compression costs about ten times as much as encoding. It is therefore applied only to frames for all members;
frames for one member (welcome, user list, acks and errors) are sent uncompressed, as RFC 7692, 6 permits for
each message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tornchat.errors import ChatError
from tornchat.model import Entry, PresenceChange, RoomInfo
from tornchat.wire import Dialect, Said, Welcome
from tornchat.wire.deflate import deflated


class Compressed:
    """A variant of the dialect `plain`. It has its own name, and therefore its own stream in each room."""

    def __init__(self, plain: Dialect, window_bits: int) -> None:
        """`window_bits` is one of `tornchat.wire.deflate.WINDOWS`."""
        self.plain = plain
        self.name = f"{plain.name}+deflate{window_bits}"
        self.marks_guests = plain.marks_guests
        self.signals = plain.signals
        self.streams = plain.streams
        self.pong = plain.pong
        self._window_bits = window_bits

    def decode(self, payload: bytes) -> Said | None:
        return self.plain.decode(payload)

    def welcome(self, welcome: Welcome) -> bytes:
        return self.plain.welcome(welcome)

    def users(self, participants: Iterable[bytes]) -> bytes:
        return self.plain.users(participants)

    def entry(self, entry: Entry) -> bytes:
        return deflated(self.plain.entry(entry), self._window_bits)

    def presence(self, change: PresenceChange) -> bytes:
        return deflated(self.plain.presence(change), self._window_bits)

    def room_changed(self, room: RoomInfo) -> bytes:
        return deflated(self.plain.room_changed(room), self._window_bits)

    def marked(self, marks: Sequence[Entry]) -> bytes:
        return deflated(self.plain.marked(marks), self._window_bits)

    def changed(self, message: Entry) -> bytes:
        return self.plain.changed(message)

    def caught_up(self, position: int) -> bytes:
        return self.plain.caught_up(position)

    def ack(self, client_id: str, entry: Entry) -> bytes:
        return self.plain.ack(client_id, entry)

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        return self.plain.error(error, client_id)
