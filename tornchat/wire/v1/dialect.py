"""The dialect `v1`: how events become its frames."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tornchat.errors import ChatError
from tornchat.model import PLAIN, Entry, More, PresenceChange, RoomInfo, Status
from tornchat.streaming import Ending
from tornchat.wire.dialect import Dialect, Welcome
from tornchat.wire.framing import text_frame
from tornchat.wire.meta import spliced
from tornchat.wire.shared import Seq, Shared, Timestamp, encode
from tornchat.wire.v1.frames import (
    Ack,
    CaughtUp,
    Marked,
    MessageAppended,
    MessageChanged,
    MessageDeleted,
    RoomChanged,
    V1ChatMessage,
    V1Error,
    V1Pong,
    V1UserJoin,
    V1Welcome,
)
from tornchat.wire.v1.reading import read

V1_SUBPROTOCOL = "tornchat.v1"


class _PlainMessage(msgspec.Struct, tag_field="type", tag="chat_message"):
    """A plain message that nothing acted on: `V1ChatMessage` without the fields that it then lacks."""

    message: str
    sender_username: str
    sender_id: str
    timestamp: Timestamp
    seq: Seq


class V1(Shared):
    """The subprotocol `tornchat.v1`: positions, acknowledgements, error codes."""

    name = "v1"
    marks_guests = True
    signals = True
    streams = True
    pong = text_frame(encode(V1Pong()))
    decode = staticmethod(read)

    @property
    def plain(self) -> Dialect:
        return self

    def welcome(self, welcome: Welcome) -> bytes:
        user = welcome.user.participant
        return text_frame(
            encode(
                V1Welcome(
                    welcome.room,
                    user,
                    welcome.epoch,
                    welcome.seq,
                    welcome.recovered,
                    welcome.read_seq,
                    welcome.unread,
                )
            )
        )

    def presence(self, change: PresenceChange) -> bytes:
        who = change.participant
        if change.kind == "join" and who.guest:
            return text_frame(encode(V1UserJoin(who.id, who.username, True)))
        return super().presence(change)

    def entry(self, entry: Entry) -> bytes:
        if entry.target is not None:
            return self._act(entry, entry.target)
        stamp = self._timestamp(entry.sent_at)
        if entry.more is None and entry.kind == PLAIN:
            return text_frame(
                encode(_PlainMessage(entry.text, entry.sender_username, entry.sender_id, stamp, entry.seq))
            )
        more = entry.more or More()
        message = V1ChatMessage(
            entry.text,
            entry.sender_username,
            entry.sender_id,
            stamp,
            entry.seq,
            revision=entry.revision,
            edited_at=self._edited_at(entry),
            position=more.position or None,
            reply_to=more.reply_to,
            thread=more.thread,
            mentions=more.mentions,
            meta=spliced(more.meta),
            replies=more.replies,
            marks=more.marks,
            kind=PLAIN if entry.kind == PLAIN else entry.kind,  # defaults are left out by identity
            data=spliced(more.data),
            open=entry.is_open,
            status=ending(more.status),
        )
        return text_frame(encode(message))

    def _act(self, entry: Entry, target: int) -> bytes:
        if entry.empties:
            return text_frame(encode(MessageDeleted(target, entry.seq)))
        if entry.mark is not None:
            return self.marked([entry])
        if entry.offset is not None or entry.closes:
            return self._streamed(entry, target)
        edited_at = self._timestamp(entry.sent_at) if entry.text else None
        changed = MessageChanged(
            target,
            entry.seq,
            entry.revision,
            entry.text or None,
            edited_at,
            spliced(entry.meta),
            data=spliced(entry.data),
        )
        return text_frame(encode(changed))

    @staticmethod
    def _streamed(entry: Entry, target: int) -> bytes:
        """Return the frame of a piece of a streamed message, or of its end.

        A piece is empty if its message was closed before this node read it, and is not told.
        """
        if entry.offset is not None:
            appended = MessageAppended(target, entry.seq, entry.offset, entry.text)
            return text_frame(encode(appended)) if entry.text else b""
        changed = MessageChanged(target, entry.seq, entry.revision, entry.text or None, open=False)
        changed.status = ending(entry.more.status) if entry.more is not None else None
        return text_frame(encode(changed))

    def marked(self, marks: Sequence[Entry]) -> bytes:
        last, counts = marks[-1], dict[str, int]()
        for entry in marks:
            counts |= entry.mark.counts if entry.mark is not None else {}
        changes = [entry.mark_change for entry in marks]
        return text_frame(encode(Marked(last.kind, last.target or 0, last.seq, counts, changes)))

    def changed(self, message: Entry) -> bytes:
        status = message.more.status if message.more is not None else ""
        changed = MessageChanged(
            message.seq,
            message.position,
            message.revision,
            message.text,
            self._edited_at(message),
            spliced(message.meta),
            message.more.replies if message.more is not None else None,
            message.marks,
            spliced(message.data),
            message.is_open if status else None,
            ending(status),
        )
        return text_frame(encode(changed))

    def _edited_at(self, message: Entry) -> str | None:
        edited_at = message.more.edited_at if message.more is not None else 0
        return self._timestamp(edited_at) if edited_at else None

    def caught_up(self, position: int) -> bytes:
        return text_frame(encode(CaughtUp(position)))

    def room_changed(self, room: RoomInfo) -> bytes:
        return text_frame(encode(RoomChanged(room.name, room.title, room.topic, room.kind)))

    def ack(self, client_id: str, entry: Entry) -> bytes:
        if entry.target is None:
            return text_frame(encode(Ack(client_id, entry.seq)))
        return text_frame(encode(Ack(client_id, entry.target, entry.seq)))

    def error(self, error: ChatError, client_id: str | None = None) -> bytes:
        known = client_id or error.client_id
        present = (error.revision, error.length)
        return text_frame(encode(V1Error(error.code, error.text, known, error.retry_after, *present)))


def ending(status: Status) -> Ending | None:
    """Return how a streamed message ended; None for one that is open, or was not streamed."""
    return None if status == "" or status == "open" else status
