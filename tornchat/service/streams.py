"""A streamed message of code in the process."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from tornchat.errors import RETRYABLE, ChatError
from tornchat.model import More, User
from tornchat.service.access import trusted_user
from tornchat.service.posting import Posting
from tornchat.streaming import Ending, Stream
from tornchat.wire import Said


class ChatStream(Stream):
    """A message that grows in a room of this process. See `Actions.stream`."""

    def __init__(
        self,
        posting: Callable[[], Posting],
        room: str,
        sender: User,
        more: More | None,
        trusted: bool,
    ) -> None:
        """`posting` raises `Unavailable` if the chat does not run."""
        super().__init__()
        self._posting = posting
        self._room = room
        self._sender = sender
        self._more = replace(more or More(), status="open")
        self._trusted = trusted

    async def _begin(self, text: str, message_id: str) -> tuple[int, int]:
        said = Said(text, message_id, more=self._more)
        stored = await self._posting().say_as(self._sender, self._room, said, self._trusted)
        return stored.entry.seq, len(stored.entry.text)

    async def _add(self, seq: int, offset: int, text: str, message_id: str) -> int:
        said = Said(text, message_id, "append", seq, offset, More(offset=offset))
        stored = await self._posting().change(self._actor, self._room, said)
        return offset + len(stored.entry.text or text)

    async def _end(self, seq: int, status: Ending, message_id: str) -> None:
        said = Said("", message_id, "close", seq, more=More(status=status))
        await self._posting().change(self._actor, self._room, said)

    @property
    def _actor(self) -> User:
        return trusted_user(self._sender) if self._trusted else self._sender

    def _is_final(self, error: Exception) -> bool:
        return isinstance(error, ChatError) and error.code not in RETRYABLE
