"""An open WebSocket (RFC 6455, 5 and 7): dispatch of received frames, pings and the closing handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from tornchat.errors import UNSUPPORTED_DATA
from tornchat.server.ws.inbox import Inbox
from tornchat.server.ws.outbox import Outbox
from tornchat.tasks import Tasks
from tornchat.wire.framing import CLOSE, PING, PONG, TEXT, close_frame, pong_frame
from tornchat.wire.parser import Frame, FrameParser, ProtocolFault, close_code_and_reason

CLOSE_SECONDS = 5.0
"""Seconds that a client has to answer a close frame (RFC 6455, 7.1.1)."""
LINGER_SECONDS = 1.0
"""Seconds that a client has to read the last frames and close TCP after the closing handshake."""
MOST_FRAMES = 128
"""Maximum number of frames of one client that are processed per iteration of the event loop."""


class FrameReceiver(Protocol):
    """Callbacks for the events of one WebSocket."""

    def on_text(self, payload: bytes) -> Awaitable[None] | None:
        """Process a text message (valid UTF-8). A returned awaitable is awaited before the next frame."""

    def on_pong(self, payload: bytes) -> None:
        """Process a pong, which may be unsolicited (RFC 6455, 5.5.3)."""

    def on_fault(self, code: int, reason: str) -> None:
        """Record a protocol violation. The connection is closed with this code afterwards."""

    def on_goodbye(self) -> None:
        """Send the pending frames, since the client is closing. Afterwards its close frame is answered."""

    def on_busy(self) -> None:
        """Record that a write was not accepted by the kernel completely."""

    def on_drained(self) -> None:
        """Resume writing: all data written before and after `on_busy` has been accepted by the kernel."""

    def on_hangup(self) -> None:
        """Abort the connection soon, since the client has closed it."""

    def on_end(self, code: int | None) -> None:
        """Process the end of the connection; called once. `code` is the client's close code, or None."""

    def on_failure(self, error: BaseException) -> None:
        """Log an exception raised by one of the methods above. The connection is aborted afterwards."""


class Frames:
    """The frame layer of one WebSocket, from the upgrade to its end. Owns the inbox and the outbox."""

    __slots__ = (
        "_close_code",
        "_deadline",
        "_ended",
        "_finished",
        "_inbox",
        "_late_answer",
        "_late_pong",
        "_parser",
        "_queue",
        "_receiver",
        "_tasks",
        "closing",
        "outbox",
    )

    def __init__(
        self, receiver: FrameReceiver, inbox: Inbox, outbox: Outbox, parser: FrameParser, tasks: Tasks
    ) -> None:
        """`tasks` owns the tasks that await what `on_text` returns."""
        self.outbox = outbox
        self.closing = False
        """True once a close frame has been written or the connection has ended."""
        self._receiver = receiver
        self._inbox = inbox
        self._parser = parser
        self._tasks = tasks
        self._queue: list[Frame] = []
        self._late_pong: bytes | None = None
        self._late_answer: bytes | None = None
        self._close_code: int | None = None
        self._finished = False
        self._ended = False
        self._deadline: asyncio.TimerHandle | None = None
        outbox.start(receiver.on_busy, self._on_drained, self.abort)

    def start(self) -> None:
        """Start reading frames."""
        if self.outbox.closed:
            self.abort()
        else:
            self._inbox.start(self._on_data, self._receiver.on_hangup)

    def limit(self, max_message_bytes: int) -> None:
        """Set another maximum length of a received message."""
        self._parser.limit(max_message_bytes)

    def close(self, code: int | None = None, reason: str = "") -> None:
        """Send a close frame, once (RFC 6455, 5.5.1). Messages received later are discarded."""
        if self.closing or self._ended:
            return
        self.closing = True
        self.outbox.write(close_frame(code, reason))
        self.outbox.seal()
        self._deadline = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.abort)

    def answer(self, pong: bytes) -> None:
        """Send the frame `pong`, the answer to a ping that came as a text message.

        Such pings are bounded together with those of the protocol: too many close the connection with 1008.
        If a write is pending, only the latest of them is answered, after it.
        """
        try:
            self._parser.count_control()
        except ProtocolFault as fault:
            self._refuse(fault.code, fault.reason)
            return
        if self.outbox.busy:
            self._late_answer = pong
        else:
            self.outbox.write(pong)

    def abort(self) -> None:
        """Close the connection at once, without a close frame. Idempotent."""
        if self._ended:
            return
        self._ended = self.closing = self._finished = True
        self._queue.clear()
        if self._deadline is not None:
            self._deadline.cancel()
        self._inbox.close()
        self.outbox.close()
        self._receiver.on_end(self._close_code)

    # --- what comes in ---

    def _on_data(self, data: bytes) -> None:
        if self._finished:
            return  # data after the close frame (RFC 6455, 5.5.1) is read only to avoid a TCP reset
        self._look_at(self._parser.feed(data))

    def _look_at(self, frames: list[Frame]) -> None:
        """Deliver frames, at most `MOST_FRAMES` at once; the rest follow in later iterations of the loop."""
        try:
            for index, (opcode, payload) in enumerate(frames):
                waiting = self._deliver(opcode, payload)
                if self._finished:
                    return
                if waiting is not None:
                    self._hold(frames[index + 1 :])
                    self._tasks.start(self._wait(waiting), "frame")
                    return
                if index >= MOST_FRAMES:
                    self._hold(frames[index + 1 :])
                    asyncio.get_running_loop().call_soon(self._go_on)
                    return
        except Exception as error:
            self._fail(error)
            return
        if self._parser.fault is not None:
            self._refuse(self._parser.fault.code, self._parser.fault.reason)

    def _hold(self, frames: list[Frame]) -> None:
        self._queue = frames
        self._inbox.pause()

    def _go_on(self) -> None:
        frames, self._queue = self._queue, []
        if not self._ended:
            self._inbox.resume()
            self._look_at(frames)

    async def _wait(self, waiting: Awaitable[None]) -> None:
        try:
            await waiting
        except Exception as error:
            self._fail(error)
        else:
            self._go_on()

    def _fail(self, error: Exception) -> None:
        self._receiver.on_failure(error)
        self.abort()

    def _deliver(self, opcode: int, payload: bytes) -> Awaitable[None] | None:
        if opcode == TEXT:
            return None if self.closing else self._receiver.on_text(payload)
        if opcode == PING:
            self._answer_ping(payload)
        elif opcode == PONG:
            self._receiver.on_pong(payload)
        elif opcode == CLOSE:
            self._answer_close(payload)
        elif not self.closing:
            return self.on_binary(payload)
        return None

    def on_binary(self, payload: bytes) -> Awaitable[None] | None:
        """Refuse a binary message with 1003. A subclass may accept it."""
        self._refuse(UNSUPPORTED_DATA, "binary messages are not accepted")
        return None

    def _answer_ping(self, payload: bytes) -> None:
        if self.closing:
            return
        if self.outbox.busy:
            self._late_pong = payload  # only the latest ping needs an answer (RFC 6455, 5.5.3)
        else:
            self._late_pong = None
            self.outbox.write(pong_frame(payload))

    # --- the end ---

    def _answer_close(self, payload: bytes) -> None:
        code, _ = close_code_and_reason(payload)
        self._close_code = code
        if not self.closing:
            self._receiver.on_goodbye()
        self.close(code)
        self._linger()

    def _refuse(self, code: int, reason: str) -> None:
        if not self.closing:
            self._receiver.on_fault(code, reason)
            self.close(code, reason)
        self._linger()

    def _linger(self) -> None:
        # Closing a socket with unread data resets TCP, and the client may then not receive the close frame.
        if self._ended:
            return
        self._finished = True
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.abort)
        if not self.outbox.busy:
            self.outbox.end_writing()

    def _on_drained(self) -> None:
        if self._finished:
            self.outbox.end_writing()
            return
        payload, self._late_pong = self._late_pong, None
        if payload is not None:
            self._answer_ping(payload)
        pong, self._late_answer = self._late_answer, None
        if pong is not None:
            self.outbox.write(pong)
        self._receiver.on_drained()
