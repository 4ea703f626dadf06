"""The client: one user in one room, over a sequence of connections."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import Literal, Self, TypeAlias

from tornchat.client.address import Address, parse_address
from tornchat.client.backoff import Backoff
from tornchat.client.buffer import Buffer
from tornchat.client.errors import ClientClosed, NotConnected
from tornchat.client.events import Disconnected, Event, Message, MessageAppended, MessageChanged
from tornchat.client.goodbye import Goodbye, after_close, after_failure, after_refusal
from tornchat.client.messages import Messages
from tornchat.client.outgoing import Outgoing
from tornchat.client.progress import Progress
from tornchat.client.stream import ClientStream
from tornchat.client.token import Token, TokenSource
from tornchat.client.visit import Visit
from tornchat.client.websocket import HandshakeRefused, WebSocket, open_websocket
from tornchat.errors import POSITION_LOST, TOO_BIG, UNAUTHORIZED, Closed
from tornchat.model import PLAIN, Mentions
from tornchat.streaming import Stream
from tornchat.wire import V1_SUBPROTOCOL, V1Delete, V1Edit, V1Mark, V1Revise, V1Send
from tornchat.wire.signals import Read, Typing

CONNECT_SECONDS = 10.0
"""Maximum duration of connecting and the handshake, in seconds."""

State: TypeAlias = Literal["connecting", "connected", "reconnecting", "closed"]


def connect(
    url: str,
    token: TokenSource,
    *,
    wait: bool = True,
    buffer: int = 1000,
    unanswered: int = 64,
    tls: ssl.SSLContext | None = None,
    blocked: Collection[str] = (),
) -> Client:
    """Return a client for a room. Use it as `async with connect(url, token) as chat:`.

    `url` is the URL of the room: `wss://host/ws/chat/ROOM/`. `token` is a string, or an async function that
    returns one and is called again when the token has expired. If `wait` is true, entering the context waits
    for the first connection and raises `NotConnected` if it fails; otherwise it returns at once, and the
    client connects in the background. `buffer` is the maximum number of unread events kept in memory; later
    messages are then fetched from the log. `unanswered` is the maximum number of messages without an answer;
    further calls of `send` wait. `tls` replaces the default TLS context for wss. Messages of the users with
    the ids `blocked` are not returned; see `read_blocks`. Raises `ValueError` if the URL or the token is
    invalid.
    """
    return Client(parse_address(url), Token(token), wait, buffer, unanswered, tls, blocked)


class Client:
    """One user in one room: an async context manager, and an async iterator of `Event`s for one reader.

    It must be used in one event loop. It remains usable if a `send` or the iteration is cancelled.
    """

    def __init__(
        self,
        address: Address,
        token: Token,
        wait: bool,
        buffer: int,
        unanswered: int,
        tls: ssl.SSLContext | None,
        blocked: Collection[str] = (),
    ) -> None:
        """Use `connect` instead."""
        self._address = address
        self._token = token
        self._wait = wait
        self._tls = tls
        self.blocked: set[str] = set(blocked)
        """Ids of users whose messages are not returned. It may be changed at any time."""
        self._buffer = Buffer(buffer)
        self._outgoing = Outgoing(unanswered, self._buffer.hurry)
        self._place = Progress()
        self.messages = Messages()
        """The newest messages received, in their present state: `seq` -> `Message`."""
        self._backoff = Backoff()
        self._state: State = "connecting"
        self._entered = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._end: Exception | None = None

    @property
    def state(self) -> State:
        """`connecting` until the first connection; `closed` after `close()` or a final end."""
        return self._state

    # --- being in the room ---

    async def __aenter__(self) -> Self:
        """Join the room. Raises `NotConnected`, and `Ended` if the server refuses permanently."""
        assert self._running is None, "enter a client once; connect again for another"
        self._running = asyncio.create_task(self._run(), name="tornchat client")
        if self._wait:
            try:
                await self._entered.wait()
            except BaseException:
                await self.close()
                raise
            if self._end is not None and self._state == "closed":
                raise self._end
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event. The iteration ends after `close()`; `Ended` is raised on a final close."""
        while True:
            event = await self._buffer.next()
            if event is None:
                raise StopAsyncIteration
            if not self._is_hidden(event):
                return event

    def _is_hidden(self, event: Event) -> bool:
        """Return whether the event is a message of a blocked user, or changes one."""
        if not self.blocked or not isinstance(event, Message | MessageChanged | MessageAppended):
            return False
        message = event if isinstance(event, Message) else self.messages.get(event.seq)
        return message is not None and message.sender_id in self.blocked

    async def send(
        self,
        text: str,
        message_id: str | None = None,
        *,
        reply_to: int | None = None,
        thread: int | None = None,
        mentions: Collection[str] = (),
        mention_room: bool = False,
        meta: Mapping[str, object] | None = None,
        kind: str = PLAIN,
        data: Mapping[str, object] | None = None,
    ) -> int:
        """Send a message and return its `seq` in the room's log once it is stored, exactly once.

        Waits for a connection if there is none. Messages are sent in the order of the calls. If the server
        refuses a message temporarily, it is sent again later, and others may be stored before it; await each
        call before the next to preserve the order. After a cancellation the message may or may not be
        stored; sending it again with the same `message_id` (1 to 64 characters, unique per message) is safe.

        `reply_to` is the `seq` of the message that it answers, `thread` that of the message whose thread it
        is in, `mentions` the ids of the users that it mentions, and with `mention_room` it mentions all.
        `meta` is what the application says about it: a JSON object, at most 8 KiB, 32 levels deep. `kind` is
        a kind of messages that a plugin of the server brings, and `data` is in the form that the kind
        declares. Raises `SendRefused`, `Ended`, `ClientClosed`.
        """
        mentioned = Mentions(tuple(mentions), mention_room) if mentions or mention_room else None
        about = None if meta is None else dict(meta)
        message_id = message_id or secrets.token_hex(8)
        typed = None if data is None else dict(data)
        frame = V1Send(message_id, text, reply_to, thread, mentioned, about, kind, typed)
        return await self._outgoing.send(frame)

    def stream(
        self,
        *,
        reply_to: int | None = None,
        thread: int | None = None,
        mentions: Collection[str] = (),
        mention_room: bool = False,
        meta: Mapping[str, object] | None = None,
    ) -> Stream:
        """Return a message that grows while it is written, such as the answer of a language model.

            async with room.stream() as answer:
                await answer.write("Hello ")
                await answer.write("world!")

        Each `write` returns when its text is stored, exactly once, over as many connections as it takes. The
        message begins with the first text, and is closed at the end of the block. The server closes a message
        that has not grown for long, and one has at most 256 KiB and 4,096 pieces. The fields are those of
        `send`. `write` and `close` raise as `send` does.
        """
        mentioned = Mentions(tuple(mentions), mention_room) if mentions or mention_room else None
        about = None if meta is None else dict(meta)
        first = V1Send("", "", reply_to, thread, mentioned, about, open=True)
        return ClientStream(self._outgoing, self.messages, first)

    async def edit(
        self,
        seq: int,
        text: str,
        revision: int | None = None,
        message_id: str | None = None,
        *,
        meta: Mapping[str, object] | None = None,
    ) -> int:
        """Give one's own message another text; return the edit's `seq` once it is stored, exactly once.

        `revision` is the one that the new text is made of: by default that of the message in `messages`, or
        0. If the message has another one by now, `SendRefused` with the code `stale` has the present
        `revision`. Without `meta`, that of the message stays as it is. Otherwise it is as `send`.
        """
        if revision is None:
            revision = self.messages[seq].revision if seq in self.messages else 0
        message_id = message_id or secrets.token_hex(8)
        about = None if meta is None else dict(meta)
        return await self._outgoing.change(V1Edit(message_id, seq, revision, text, about))

    async def delete(self, seq: int, message_id: str | None = None) -> int:
        """Delete a message; return the deletion's `seq` once it is stored. Otherwise it is as `send`."""
        message_id = message_id or secrets.token_hex(8)
        return await self._outgoing.change(V1Delete(message_id, seq))

    async def mark(
        self, seq: int, tokens: Iterable[str], kind: str = "reaction", message_id: str | None = None
    ) -> int:
        """Replace one's own marks of a message by these tokens, such as emoji; none removes them.

        Return the `seq` of the entry that did; if one has these tokens already, that of the last one that
        acted on the message. Raises `SendRefused` with `too_many_marks` if the message has as many different
        tokens as it may. Otherwise it is as `send`.
        """
        message_id = message_id or secrets.token_hex(8)
        frame = V1Mark(message_id, kind, seq, list(tokens))
        return await self._outgoing.change(frame)

    def read(self, seq: int, *, force: bool = False) -> bool:
        """Tell that the user has read up to `seq`; return False, and tell nothing, without a connection.

        The marker never goes back, except with `force`. `ReadMoved` follows on all devices of the user.
        """
        return self._outgoing.tell(Read(seq, force=force))

    def typing(self, thread: int | None = None) -> bool:
        """Show that the user is typing, in the thread of a message or in the room.

        Call it every 3 seconds while that is so. Return False, and show nothing, without a connection.
        """
        return self._outgoing.tell(Typing(thread))

    async def revise(
        self,
        seq: int,
        kind: str,
        data: Mapping[str, object] | None = None,
        message_id: str | None = None,
    ) -> int:
        """Change a message in the way of a kind that a plugin of the server brings, such as closing a poll.

        Return the `seq` of the change once it is stored, exactly once. `data` is in the form that the kind
        declares. Otherwise it is as `send`.
        """
        message_id = message_id or secrets.token_hex(8)
        typed = None if data is None else dict(data)
        return await self._outgoing.change(V1Revise(message_id, kind, seq, typed))

    async def close(self) -> None:
        """Leave the room, within 3 s. Idempotent. Does not wait for outstanding acknowledgements."""
        task = self._running
        if task is None:
            self._finish(ClientClosed("The client was closed."))
            return
        task.cancel()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()  # ends at once, without a closing handshake
            await asyncio.wait({task})
            raise

    # --- connection after connection ---

    async def _run(self) -> None:
        end: Exception = ClientClosed("The client was closed.")
        try:
            while True:
                await self._pause(await self._visit())
        except Exception as error:  # `Ended`, `NotConnected`, or a bug, which must not go unnoticed
            end = error
        finally:
            self._finish(end)

    def _finish(self, end: Exception) -> None:
        self._state, self._end = "closed", end
        self._outgoing.end(end)
        self._buffer.end(None if isinstance(end, ClientClosed) else end)
        self._entered.set()

    async def _visit(self) -> Goodbye:
        """Connect, and return when the connection has ended. Raises `Ended` if the end is final."""
        try:
            socket = await self._open()
        except HandshakeRefused as refusal:
            return after_refusal(refusal, self._entered.is_set())
        except (OSError, TimeoutError, _NoToken) as error:
            return after_failure(error)
        self._buffer.reopen()
        visit = Visit(socket, self._place, self.messages, self._buffer, self._outgoing, self._admitted)
        try:
            await visit.hear()
            raise AssertionError("a connection ends by raising")
        except Closed as closed:
            return self._was_closed(closed)
        except OSError as error:
            return after_failure(error)
        except asyncio.CancelledError:
            await visit.leave()
            raise
        finally:
            visit.end()
            if visit.was_steady or self._buffer.drained:
                self._backoff.reset()

    async def _open(self) -> WebSocket:
        try:
            token = await self._token.get()
        except Exception as error:
            raise _NoToken(f"the token function failed: {type(error).__name__}") from error
        place, target = self._place.position, self._address.target
        if place is not None:
            target = self._address.resuming(place.epoch, place.seq)
        async with asyncio.timeout(CONNECT_SECONDS):
            bearer = {"Authorization": f"Bearer {token}"}
            return await open_websocket(self._address, target, bearer, V1_SUBPROTOCOL, self._tls)

    def _admitted(self) -> None:
        self._state = "connected"
        self._token.was_admitted()
        self._entered.set()

    def _was_closed(self, closed: Closed) -> Goodbye:
        if closed.code == UNAUTHORIZED and self._token.was_refused():
            return Goodbye("the token has expired", closed.code)
        if closed.code == POSITION_LOST:
            self._place.lost()
        if closed.code == TOO_BIG:
            self._outgoing.refuse_largest()
        return after_close(closed)

    async def _pause(self, end: Goodbye) -> None:
        if self._wait and not self._entered.is_set():
            raise NotConnected(end.reason)
        if self._state == "connected":
            self._state = "reconnecting"
        wait = self._backoff.next() if end.retry_after is None else end.retry_after
        self._buffer.reopen()
        self._buffer.put(Disconnected(end.reason, end.code, wait))
        await asyncio.sleep(wait)


class _NoToken(Exception):
    """The token function failed."""
