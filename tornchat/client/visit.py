"""One connection to the room: dispatch of its frames, from the first one to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornchat.client.buffer import Buffer
from tornchat.client.events import (
    CaughtUp,
    Connected,
    Event,
    Frame,
    Marked,
    Message,
    MessageAppended,
    MessageChanged,
    MessageDeleted,
    read_frame,
)
from tornchat.client.heartbeat import Heartbeat
from tornchat.client.messages import Messages
from tornchat.client.outgoing import Outgoing
from tornchat.client.progress import Progress
from tornchat.client.websocket import WebSocket
from tornchat.errors import Closed
from tornchat.wire import Ack, V1Error, V1Pong

WELCOME_SECONDS = 15.0
"""Seconds that the server has for its welcome. It reads no pings before."""
RESEND_SECONDS = 1.0
"""Seconds between two looks for messages without an answer."""
GOODBYE_SECONDS = 3.0
STEADY_SECONDS = 5.0
"""Seconds after which a connection counts as a success, so that the backoff is reset."""


class Visit:
    """A connection in use. `admitted` is called when the welcome is received."""

    def __init__(
        self,
        socket: WebSocket,
        place: Progress,
        messages: Messages,
        buffer: Buffer,
        outgoing: Outgoing,
        admitted: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._place = place
        self._messages = messages
        self._buffer = buffer
        self._outgoing = outgoing
        self._loop = asyncio.get_running_loop()
        self._heartbeat = Heartbeat(socket.send, self._silence)
        socket.on_data = self._heartbeat.hear
        self._silent = False
        self._timer = self._loop.call_later(WELCOME_SECONDS, self._silence)
        buffer.on_drained = socket.abort  # resuming fetches the messages that did not fit
        self._admitted = admitted
        self._entered_at: float | None = None

    @property
    def was_steady(self) -> bool:
        """True if the connection has lasted for more than `STEADY_SECONDS`."""
        return self._entered_at is not None and self._loop.time() - self._entered_at > STEADY_SECONDS

    async def hear(self) -> None:
        """Process frames until the connection ends. Always raises: `Closed` or `OSError`."""
        while True:
            payload = await self._receive()
            try:
                frame = read_frame(payload)
            except ValueError:
                raise ConnectionAbortedError("the server speaks another tornchat.v1") from None
            await self._take(frame)

    async def _receive(self) -> bytes:
        self._heartbeat.listening = True
        try:
            return await self._socket.receive()
        except OSError:
            if self._silent:
                raise ConnectionAbortedError("the connection has died silently") from None
            raise
        finally:
            self._heartbeat.listening = False

    def _silence(self) -> None:
        self._silent = True
        self._socket.abort()

    async def _take(self, frame: Frame | None) -> None:
        match frame:
            case None | V1Pong():
                pass  # a frame type of a later version, or a sign of life
            case Ack():
                self._outgoing.acknowledged(frame)
            case V1Error():
                self._outgoing.refused(frame)
            case Connected():
                self._enter(frame)
            case (
                Message(seq=place)
                | MessageChanged(position=place)
                | MessageAppended(position=place)
                | MessageDeleted(position=place)
                | Marked(position=place)
            ):
                if self._messages.lacks(frame):
                    raise ConnectionAbortedError("a part of a message is missing: it is read again")
                news = self._messages.news(frame)
                if not self._buffer.overflowed if news is None else await self._offer(news):
                    self._messages.apply(frame)
                    self._place.reached(place)
            case CaughtUp():
                if await self._offer(frame):
                    self._place.caught_up(frame.position)
            case _:
                await self._offer(frame)

    async def _offer(self, event: Event) -> bool:
        """Pass an event to the buffer; return False if it was not accepted.

        If the buffer is full, reading pauses, which slows the server down, unless a message waits for its
        answer, which may follow the event.
        """
        if not self._outgoing.waits:
            await self._buffer.wait_for_room()
        return self._buffer.put(event)

    def _enter(self, welcome: Connected) -> None:
        if self._buffer.put(welcome):
            self._place.entered(welcome)
            if not welcome.recovered:
                self._messages.clear()
        self._entered_at = self._loop.time()
        self._admitted()
        self._outgoing.attach(self._socket.send)
        self._timer.cancel()
        self._resend()
        self._heartbeat.start()

    def _resend(self) -> None:
        self._outgoing.send_overdue()
        self._timer = self._loop.call_later(RESEND_SECONDS, self._resend)

    def end(self) -> None:
        """Abort the connection, if it is still open. Idempotent."""
        self._buffer.on_drained = None
        self._timer.cancel()
        self._heartbeat.stop()
        self._outgoing.detach()
        self._socket.abort()

    async def leave(self) -> None:
        """Perform the closing handshake, within 3 s. Frames received meanwhile are processed."""
        self._socket.say_goodbye()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.hear()
        except (Closed, OSError, TimeoutError):
            pass
