"""What code in the process does in the chat, by the same use cases as clients and HTTP calls."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from tornchat.errors import Unavailable
from tornchat.model import (
    Entry,
    Mentions,
    Page,
    Position,
    Role,
    RoomInfo,
    RoomKind,
    RoomPage,
    RoomSummary,
    Roster,
    SanctionKind,
    Stored,
    User,
)
from tornchat.service.access import Access, trusted_user
from tornchat.service.describing import Describing
from tornchat.service.directory import Directory
from tornchat.service.following import Following
from tornchat.service.moderation import Moderation
from tornchat.service.posting import Posting
from tornchat.service.reading import Reading
from tornchat.service.saying import Data, said_data, said_more
from tornchat.service.streams import ChatStream
from tornchat.streaming import Stream
from tornchat.wire import Said

Answer = TypeVar("Answer")
HOST = trusted_user(User("host", "host"))
"""Who reads if the code names nobody."""


class Callers(Protocol):
    """Tells who makes requests to the routes of the host and of plugins."""

    async def identify(self, asked: object) -> User | None:
        """See `Actions`."""

    async def login_failed(self, asked: object) -> None:
        """See `Actions`."""


class UseCases(NamedTuple):
    """The use cases of a running chat, and its event loop."""

    access: Access
    reading: Reading
    directory: Directory
    describing: Describing
    moderation: Moderation
    following: Following
    posting: Posting
    callers: Callers
    loop: asyncio.AbstractEventLoop


class Acting(abc.ABC):
    """The methods of `Actions` besides `say`, which documents them."""

    @abc.abstractmethod
    def _use_cases(self) -> UseCases:
        """Return the use cases. Raises `Unavailable` if the chat does not run."""

    def stream(
        self,
        room: str,
        *,
        sender: User,
        thread: int | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] | Mentions = (),
        meta: Mapping[str, object] | None = None,
        trusted: bool = True,
    ) -> Stream:
        """See `Actions`."""
        more = said_more(reply_to, thread, mentions, meta)
        return ChatStream(lambda: self._use_cases().posting, room, sender, more, trusted)

    async def edit(
        self,
        room: str,
        seq: int,
        text: str,
        *,
        by: User,
        revision: int | None = None,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """See `Actions`."""
        said = Said(text, id, "edit", seq, revision)
        return await self._use_cases().posting.change(_actor(by, trusted), room, said)

    async def mark(
        self,
        room: str,
        seq: int,
        kind: str,
        tokens: Iterable[str],
        *,
        by: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """See `Actions`."""
        if isinstance(tokens, str):  # each of its characters would be a token
            raise TypeError("tokens are a list of strings, not one string")
        said = Said("", id, kind, seq, tokens=tuple(tokens))
        return await self._use_cases().posting.change(_actor(by, trusted), room, said)

    async def revise(
        self,
        room: str,
        seq: int,
        kind: str,
        *,
        by: User,
        data: Data | None = None,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """See `Actions`."""
        said = Said("", id, kind, seq, more=said_data(data))
        return await self._use_cases().posting.change(_actor(by, trusted), room, said)

    async def delete(self, room: str, seq: int, *, by: User, trusted: bool = True) -> None:
        """See `Actions`."""
        await self._use_cases().moderation.delete_message(_actor(by, trusted), room, seq)

    async def history(
        self,
        room: str,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 50,
        reader: User | None = None,
    ) -> Page:
        """See `Actions`."""
        return await self._use_cases().reading.read_history(reader or HOST, room, after, before, limit)

    async def users(self, room: str, *, reader: User | None = None) -> Roster:
        """See `Actions`."""
        return await self._use_cases().reading.read_users(reader or HOST, room)

    def follow(
        self, room: str, *, after: Position | None = None, reader: User | None = None
    ) -> AsyncIterator[Entry]:
        """See `Actions`."""
        uses = self._use_cases()

        async def see() -> RoomInfo:
            return await uses.access.see(reader or HOST, room)

        return uses.following.follow(room, see, after)

    async def list_rooms(
        self, *, after: str | None = None, limit: int = 50, reader: User | None = None
    ) -> RoomPage:
        """See `Actions`."""
        return await self._use_cases().directory.list_rooms(reader or HOST, after, limit)

    async def create_room(
        self, room: str, *, by: User, private: bool = False, trusted: bool = True
    ) -> RoomSummary:
        """See `Actions`."""
        return await self._use_cases().directory.create_room(_actor(by, trusted), room, private)

    async def describe_room(
        self,
        room: str,
        *,
        by: User,
        title: str | None = None,
        topic: str | None = None,
        kind: RoomKind | None = None,
        trusted: bool = True,
    ) -> RoomSummary:
        """See `Actions`."""
        describe = self._use_cases().describing.describe
        return await describe(_actor(by, trusted), room, title, topic, kind)

    async def set_member(
        self, room: str, user_id: str, role: Role, *, by: User, trusted: bool = True
    ) -> None:
        """See `Actions`."""
        await self._use_cases().directory.set_member(_actor(by, trusted), room, user_id, role)

    async def remove_member(self, room: str, user_id: str, *, by: User, trusted: bool = True) -> None:
        """See `Actions`."""
        await self._use_cases().directory.remove_member(_actor(by, trusted), room, user_id)

    async def kick(self, room: str, user_id: str, *, by: User, trusted: bool = True) -> None:
        """See `Actions`."""
        await self._use_cases().moderation.kick(_actor(by, trusted), room, user_id)

    async def ban(self, room: str, user_id: str, seconds: float, *, by: User, trusted: bool = True) -> None:
        """See `Actions`."""
        await self._use_cases().moderation.ban(_actor(by, trusted), room, user_id, seconds)

    async def mute(self, room: str, user_id: str, seconds: float, *, by: User, trusted: bool = True) -> None:
        """See `Actions`."""
        await self._use_cases().moderation.mute(_actor(by, trusted), room, user_id, seconds)

    async def lift(
        self, room: str, user_id: str, kind: SanctionKind, *, by: User, trusted: bool = True
    ) -> None:
        """See `Actions`."""
        await self._use_cases().moderation.lift(_actor(by, trusted), room, user_id, kind)

    async def identify(self, request: object) -> User | None:
        """See `Actions`."""
        return await self._use_cases().callers.identify(request)

    async def login_failed(self, request: object) -> None:
        """See `Actions`."""
        await self._use_cases().callers.login_failed(request)

    def from_thread(self, work: Callable[[], Awaitable[Answer]], seconds: float | None = None) -> Answer:
        """See `Actions`."""
        loop = self._use_cases().loop
        if _running_loop() is loop:
            raise RuntimeError("from_thread was called on the event loop; await the call instead")

        async def run() -> Answer:
            return await work()

        running = run()
        try:
            call = asyncio.run_coroutine_threadsafe(running, loop)
        except RuntimeError:  # the loop is closed
            running.close()
            raise Unavailable("the chat does not run") from None
        try:
            return call.result(seconds)
        except TimeoutError:
            call.cancel()
            raise


def _actor(user: User, trusted: bool) -> User:
    return trusted_user(user) if trusted else user


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
