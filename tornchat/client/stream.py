"""A streamed message of a client."""

from __future__ import annotations

from msgspec.structs import replace

from tornchat.client.errors import SendRefused
from tornchat.client.messages import Messages
from tornchat.client.outgoing import Outgoing
from tornchat.streaming import Ending, Stream
from tornchat.wire import V1Append, V1Close, V1Send


class ClientStream(Stream):
    """A message that grows over one or several connections. See `Client.stream`."""

    def __init__(self, outgoing: Outgoing, messages: Messages, first: V1Send) -> None:
        """`first` is the frame that begins the message, without id and text."""
        super().__init__()
        self._outgoing = outgoing
        self._messages = messages
        self._first = first

    async def _begin(self, text: str, message_id: str) -> tuple[int, int]:
        frame = replace(self._first, id=message_id, message=text)
        seq = await self._outgoing.send(frame)
        return seq, self._length_at(seq, seq, len(text))

    async def _add(self, seq: int, offset: int, text: str, message_id: str) -> int:
        position = await self._outgoing.change(V1Append(message_id, seq, offset, text))
        return self._length_at(seq, position, offset + len(text))

    def _length_at(self, seq: int, position: int, expected: int) -> int:
        """Return the length of the message. Filters of the server may have changed that of a piece.

        The frame with the piece has come before its acknowledgement, unless this client has not read it.
        """
        held = self._messages.get(seq)
        known = held is not None and held.text != "" and (held.position or held.seq) >= position
        return len(held.text) if held is not None and known else expected

    async def _end(self, seq: int, status: Ending, message_id: str) -> None:
        await self._outgoing.change(V1Close(message_id, seq, status))

    def _is_final(self, error: Exception) -> bool:
        return isinstance(error, SendRefused)
