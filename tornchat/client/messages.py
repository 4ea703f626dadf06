"""The messages that a client has received, in their present state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec.structs import replace

from tornchat.client.events import Marked, Message, MessageAppended, MessageChanged, MessageDeleted
from tornchat.marks import counted
from tornchat.model import Replies

MOST_MESSAGES = 1000
Change: TypeAlias = Message | MessageChanged | MessageAppended | MessageDeleted | Marked


class Messages(Mapping[int, Message]):
    """`seq` -> message, oldest first: the newest messages received, at most `MOST_MESSAGES`.

    A change is applied only if it comes after the last one of its message; a deletion always.
    """

    def __init__(self) -> None:
        self._held: dict[int, Message] = {}
        self._told = 0

    def __getitem__(self, seq: int) -> Message:
        return self._held[seq]

    def __iter__(self) -> Iterator[int]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """Forget all messages: another history follows."""
        self._held.clear()
        self._told = 0

    def news(self, frame: Change) -> Change | None:
        """Return what an application is to be told of a frame; None if it knows that already."""
        held = self._held.get(frame.seq)
        match frame:
            case Message():
                return frame if frame.seq > self._told else _difference(held, frame)
            case MessageDeleted():
                return frame if frame.position > self._told or (held is not None and held.text) else None
            case MessageChanged() | MessageAppended() | Marked():
                return frame if held is None or frame.position > _position(held) else None

    def lacks(self, frame: Change) -> bool:
        """Return whether text is missing before a piece: the message must be received anew."""
        held = self._held.get(frame.seq)
        if held is None or not isinstance(frame, MessageAppended) or frame.position <= _position(held):
            return False
        return bool(held.text) and frame.offset > len(held.text)

    def apply(self, frame: Change) -> None:
        """Bring the messages to the state after a frame."""
        held = self._held.get(frame.seq)
        match frame:
            case Message() if frame.seq > self._told:
                self._told = frame.seq
                self._held[frame.seq] = frame
                self._replied(frame)
                if len(self._held) > MOST_MESSAGES:
                    del self._held[next(iter(self._held))]
            case Message() if held is not None and _position(frame) > _position(held):
                self._held[frame.seq] = frame
                self._recount(frame.thread)
            case MessageDeleted():
                self._told = max(self._told, frame.position)
                if held is not None:
                    position = max(frame.position, _position(held))
                    self._held[frame.seq] = _deleted(held, position)
                    self._recount(held.thread)
            case MessageChanged() if held is not None and frame.position > _position(held):
                self._held[frame.seq] = _changed(held, frame)
            case MessageAppended() if held is not None and frame.position > _position(held):
                text = held.text[: frame.offset] + frame.text if held.text else ""
                self._held[frame.seq] = replace(held, text=text, position=frame.position)
            case Marked() if held is not None and frame.position > _position(held):
                self._held[frame.seq] = _marked(held, frame)

    def _replied(self, message: Message) -> None:
        """Count a new message in its thread, unless the thread, as it was told, has it already."""
        root = self._held.get(message.thread or 0)
        if root is not None and (root.replies is None or message.seq > root.replies.last_seq):
            self._recount(message.thread)

    def _recount(self, thread: int | None) -> None:
        """Count the messages of a thread. If its first message is held, so are all that follow."""
        root = self._held.get(thread or 0)
        replies = [message for message in self._held.values() if message.thread == thread]
        if root is not None and replies:
            count = sum(1 for message in replies if message.text)
            self._held[root.seq] = replace(root, replies=Replies(count, replies[-1].seq))


def _position(message: Message) -> int:
    return message.position or message.seq


def _changed(held: Message, frame: MessageChanged) -> Message:
    return replace(
        held,
        text=held.text if frame.text is None else frame.text,
        revision=frame.revision,
        edited_at=frame.edited_at or held.edited_at,
        position=frame.position,
        meta=held.meta if frame.meta is None else frame.meta,
        replies=frame.replies or held.replies,
        marks=held.marks if frame.marks is None else frame.marks,
        data=held.data if frame.data is None else frame.data,
        open=held.open if frame.open is None else frame.open,
        status=frame.status or held.status,
    )


def _marked(held: Message, frame: Marked) -> Message:
    tallies = counted(held.marks.get(frame.kind, {}), frame.counts, frame.changes)
    marks = {kind: found for kind, found in {**held.marks, frame.kind: tallies}.items() if found}
    return replace(held, position=frame.position, marks=marks)


def _deleted(held: Message, position: int) -> Message:
    return replace(
        held,
        text="",
        position=position,
        reply_to=None,
        mentions=None,
        meta=None,
        data=None,
        marks={},
        open=False,
        status=None,
    )


def _difference(held: Message | None, frame: Message) -> MessageChanged | MessageDeleted | None:
    """Return how a message that was told before differs from what is held."""
    if held is None or _position(frame) <= _position(held):
        return None
    if not frame.text:
        return MessageDeleted(frame.seq, frame.position)
    known = (frame.seq, frame.position, frame.revision, frame.text, frame.edited_at)
    marks = None if frame.marks == held.marks else frame.marks
    streamed = (frame.open, frame.status) if frame.open or frame.status or held.open else (None, None)
    return MessageChanged(*known, frame.meta, frame.replies, marks, frame.data, *streamed)
