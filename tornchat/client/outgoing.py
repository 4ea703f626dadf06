"""Messages without an answer yet. Their ids allow sending them again without storing them twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from tornchat.client.backoff import Backoff
from tornchat.client.errors import SendRefused
from tornchat.errors import RETRYABLE
from tornchat.wire import (
    Ack,
    V1Append,
    V1Close,
    V1Delete,
    V1Edit,
    V1Error,
    V1Mark,
    V1Revise,
    V1Send,
)
from tornchat.wire.signals import Signal

UNANSWERED_SECONDS = 10.0
"""Seconds after which a message is sent again. The server answers within 5 s, unless a frame was lost."""

_encode = msgspec.json.Encoder().encode


class Unsent:
    """A message, or what acts on one, without an answer."""

    def __init__(self, message_id: str, frame: bytes) -> None:
        self.id = message_id
        self.frame = frame
        self.answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self.written_at = 0.0
        self.backoff = Backoff()
        self.again: asyncio.TimerHandle | None = None


class Outgoing:
    """Sends messages until they are answered, at most `most` at a time. Further messages wait."""

    def __init__(self, most: int, on_waiting: Callable[[], None]) -> None:
        """`on_waiting` is called when a message starts waiting for its answer."""
        self._on_waiting = on_waiting
        self._places = asyncio.Semaphore(most)
        self._pending: dict[str, Unsent] = {}
        self._write: Callable[[bytes], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._end: Exception | None = None

    async def send(self, frame: V1Send) -> int:
        """Send a message, over several connections if necessary, and return its `seq` once it is stored.

        Raises `SendRefused`, the error passed to `end`, or `ValueError` if the id is already in use.
        """
        return (await self._answered(frame.id, _encode(frame))).seq

    async def change(self, frame: V1Edit | V1Append | V1Close | V1Delete | V1Mark | V1Revise) -> int:
        """Send what acts on a message, as `send`; return its own place in the log."""
        ack = await self._answered(frame.id, _encode(frame))
        return ack.position or ack.seq

    async def _answered(self, message_id: str, frame: bytes) -> Ack:
        async with self._places:
            if self._end is not None:
                raise self._end
            if message_id in self._pending:
                raise ValueError("This id is on its way already: give each message an id of its own.")
            pending = self._pending[message_id] = Unsent(message_id, frame)
            try:
                self._send(pending)
                self._on_waiting()
                return await pending.answer
            finally:
                self._forget(pending)

    @property
    def waits(self) -> bool:
        """True while a message waits for its answer."""
        return bool(self._pending)

    def _send(self, pending: Unsent) -> None:
        _cancel(pending)
        if self._write is not None:
            pending.written_at = self._loop.time()
            self._write(pending.frame)

    def _forget(self, pending: Unsent) -> None:
        _cancel(pending)
        del self._pending[pending.id]

    # --- the connection ---

    def attach(self, write: Callable[[bytes], None]) -> None:
        """Use a new connection: send all unanswered messages over it, in order."""
        self._write = write
        for pending in self._pending.values():
            self._send(pending)

    def tell(self, frame: Signal) -> bool:
        """Send a frame that is not answered; return False, and send nothing, without a connection."""
        if self._write is None:
            return False
        self._write(msgspec.json.encode(frame))
        return True

    def detach(self) -> None:
        """Stop sending until the next `attach`."""
        self._write = None
        for pending in self._pending.values():
            _cancel(pending)

    def send_overdue(self) -> None:
        """Send again the messages without an answer for more than `UNANSWERED_SECONDS`."""
        overdue = self._loop.time() - UNANSWERED_SECONDS
        for pending in self._pending.values():
            if pending.again is None and pending.written_at < overdue:
                self._send(pending)

    # --- answers ---

    def acknowledged(self, ack: Ack) -> None:
        """Process an acknowledgement: the message is stored."""
        pending = self._pending.get(ack.id)
        if pending is not None and not pending.answer.done():
            pending.answer.set_result(ack)

    def refused(self, error: V1Error) -> None:
        """Process a refusal: send the message again later if it is temporary, else let `send` raise."""
        pending = self._pending.get(error.id or "")
        if pending is None or pending.answer.done():
            return
        if error.code in RETRYABLE:
            wait = max(pending.backoff.next(), error.retry_after or 0.0)
            _cancel(pending)
            pending.again = self._loop.call_later(wait, self._send, pending)
        else:
            pending.answer.set_exception(SendRefused(error.code, error.error, error.revision, error.length))

    def refuse_largest(self) -> None:
        """Refuse the largest message, after the connection was closed because a message was too large."""
        if self._pending:
            largest = max(self._pending.values(), key=lambda pending: len(pending.frame))
            self.refused(V1Error("message_too_long", "The message is too large a frame.", largest.id))

    def end(self, error: Exception) -> None:
        """Make all current and future calls of `send` raise `error`."""
        self._end = error
        for pending in self._pending.values():
            _cancel(pending)
            if not pending.answer.done():
                pending.answer.set_exception(error)


def _cancel(pending: Unsent) -> None:
    if pending.again is not None:
        pending.again.cancel()
        pending.again = None
