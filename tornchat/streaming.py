"""Writing of a streamed message piece by piece, whatever carries the pieces to the server."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import secrets
from types import TracebackType
from typing import Literal, NamedTuple, Self, TypeAlias

Ending: TypeAlias = Literal["complete", "cancelled", "failed"]
MOST_CHARS = 2_000
"""Maximum length of a piece that is sent; a longer text is sent in several."""
GOODBYE_SECONDS = 5.0
"""Maximum duration of closing after an exception."""


class _Piece(NamedTuple):
    id: str
    offset: int
    text: str


class Stream(abc.ABC):
    """A message that grows: `async with room.stream() as answer: await answer.write("...")`.

    The message begins with the first text that is not blank, and is closed at the end of the block: as
    `complete`, after an exception as `failed`, after a cancellation as `cancelled`. A stream has one message,
    and a message that is streamed has one writer. Nothing is lost or doubled: a piece whose outcome is not
    known is sent again, as the same one, before anything else is.
    """

    def __init__(self) -> None:
        self.seq: int | None = None
        """The place of the message in the log; None before it has begun."""
        self._name = secrets.token_urlsafe(8)
        self._count = 0
        self._length = 0
        self._text = ""
        self._sent: _Piece | None = None
        self._turn = asyncio.Lock()
        self._status: Ending | None = None
        self._closed = False

    @property
    def length(self) -> int:
        """The length of what is stored of the message, in code points."""
        return self._length

    async def write(self, text: str) -> None:
        """Add `text` to the message; returns when it is stored.

        Texts of calls that wait are sent together. After a cancellation, or an exception that tells nothing
        of what became of it, the text is sent with the next call. Raises what carries the pieces raises; a
        text that is refused is not sent again. Raises `ValueError` after `close`.
        """
        if self._status is not None:
            raise ValueError("This stream was closed: begin another message for another text.")
        self._text += text
        async with self._turn:
            await self._drain()

    async def close(self, status: Ending = "complete") -> None:
        """Store what is left, and close the message with this status. Nothing happens if it is closed.

        If it raises, or is cancelled, it may be called again; the first status counts.
        """
        self._status = self._status or status
        async with self._turn:
            if not self._closed:
                await self._drain()
                if self.seq is not None:
                    await self._end(self.seq, self._status, f"{self._name}.end")
                self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.close()
            return
        status: Ending = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
        with contextlib.suppress(Exception):  # the first exception tells more
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.close(status)

    async def _drain(self) -> None:
        """Send what waits, in pieces. A blank beginning waits for more, since no message may be blank."""
        while self._sent is not None or self._text:
            if self._sent is None:
                if self.seq is None and self._text.isspace():
                    return
                self._sent = self._next()
            try:
                await self._store(self._sent)
            except Exception as error:
                if self._is_final(error):
                    self._sent, self._text = None, ""
                raise
            self._sent = None

    def _next(self) -> _Piece:
        size = MOST_CHARS
        if self.seq is None:  # the first piece must not be blank
            size = max(size, len(self._text) - len(self._text.lstrip()) + 1)
        piece = _Piece(f"{self._name}.{self._count}", self._length, self._text[:size])
        self._count += 1
        self._text = self._text[size:]
        return piece

    async def _store(self, piece: _Piece) -> None:
        if self.seq is None:
            self.seq, self._length = await self._begin(piece.text, piece.id)
        else:
            self._length = await self._add(self.seq, piece.offset, piece.text, piece.id)

    # --- what carries the pieces ---

    @abc.abstractmethod
    async def _begin(self, text: str, message_id: str) -> tuple[int, int]:
        """Send the open message; return its `seq` and its length."""

    @abc.abstractmethod
    async def _add(self, seq: int, offset: int, text: str, message_id: str) -> int:
        """Send a piece; return the length of the message with it."""

    @abc.abstractmethod
    async def _end(self, seq: int, status: Ending, message_id: str) -> None:
        """Close the message."""

    @abc.abstractmethod
    def _is_final(self, error: Exception) -> bool:
        """Return whether what was sent is certainly not stored, and would be refused again."""
