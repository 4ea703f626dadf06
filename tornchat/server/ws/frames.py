"""One client's side of an open WebSocket (RFC 6455, 5 and 7): many frames per read, both ways of ending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from tornchat.errors import UNSUPPORTED_DATA
from tornchat.server.ws.inbox import Inbox
from tornchat.server.ws.outbox import Outbox
from tornchat.tasks import Tasks
from tornchat.wire.framing import CLOSE, PING, PONG, TEXT, close_frame, pong_frame
from tornchat.wire.parser import Frame, FrameParser, close_code_and_reason

CLOSE_SECONDS = 5.0
"""How long a client has to answer our close frame (RFC 6455, 7.1.1) before it is cut off."""
LINGER_SECONDS = 1.0
"""How long a client has to take our last frames and close TCP once all is said."""
MOST_FRAMES = 128
"""Frames of one client that are looked at in one turn of the loop; then it is the others' turn."""


class FrameReceiver(Protocol):
    """Who is told what a client sends."""

    def on_text(self, payload: bytes) -> Awaitable[None] | None:
        """A text message, valid UTF-8. An awaitable is awaited before the next frame is looked at."""

    def on_pong(self, payload: bytes) -> None:
        """The client answered a ping, or sends pongs unasked (RFC 6455, 5.5.3)."""

    def on_fault(self, code: int, reason: str) -> None:
        """The client broke the rules: note it. The connection is closed with this code afterwards."""

    def on_goodbye(self) -> None:
        """The client closes the connection. Send what is still due: after the answer nothing may follow."""

    def on_busy(self) -> None:
        """What was written can't all leave at once."""

    def on_drained(self) -> None:
        """All that was written has left, after `on_busy`."""

    def on_end(self, code: int | None) -> None:
        """The connection is over; told once. The code is the client's, None when it said nothing."""

    def on_failure(self, error: BaseException) -> None:
        """One of the methods above raised `error`: log it. The connection is cut off."""


class Frames:
    """The conversation with one client, from the upgrade to the end. Owns the inbox and the outbox."""

    __slots__ = (
        "_close_code",
        "_deadline",
        "_ended",
        "_finished",
        "_inbox",
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
        """`tasks` owns what `on_text` gives to be awaited."""
        self.outbox = outbox
        self.closing = False
        """True once our close frame is written, or the connection is over."""
        self._receiver = receiver
        self._inbox = inbox
        self._parser = parser
        self._tasks = tasks
        self._queue: list[Frame] = []
        self._late_pong: bytes | None = None
        self._close_code: int | None = None
        self._finished = False
        self._ended = False
        self._deadline: asyncio.TimerHandle | None = None
        outbox.start(receiver.on_busy, self._on_drained, self.abort)

    def start(self) -> None:
        """Begin to read."""
        if self.outbox.closed:
            self.abort()
        else:
            self._inbox.start(self._on_data, self.abort)

    def close(self, code: int | None = None, reason: str = "") -> None:
        """Send a close frame, once (RFC 6455, 5.5.1). What the client says from now on is not delivered."""
        if self.closing or self._ended:
            return
        self.closing = True
        self.outbox.write(close_frame(code, reason))
        self.outbox.seal()
        self._deadline = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection off at once. Idempotent."""
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
            return  # data after the end (RFC 6455, 5.5.1); it is read only so that TCP ends in peace
        self._look_at(self._parser.feed(data))

    def _look_at(self, frames: list[Frame]) -> None:
        """Deliver these frames; what does not fit in this turn of the loop is looked at in a later one."""
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
        """Refuse a binary message. A subclass may take it."""
        self._refuse(UNSUPPORTED_DATA, "binary messages are not accepted")
        return None

    def _answer_ping(self, payload: bytes) -> None:
        if self.closing:
            return
        if self.outbox.busy:
            self._late_pong = payload  # only the newest needs an answer (RFC 6455, 5.5.3)
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
        # Closing a socket that holds unread data resets it, and the client may lose our close frame.
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
        self._receiver.on_drained()
