"""A connection for commands. Commands issued while a reply is pending form the next pipeline."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from redis.exceptions import ResponseError

from tornchat import Unavailable
from tornchat_redis.connections import FAILURES, WRONG_SERVER, Connection, RedisConnections, close, reason

log = logging.getLogger("tornchat.redis")

MOST_TOGETHER = 500
MOST_BYTES_TOGETHER = 1 << 20
MOST_WAITING = 10_000
MOST_BYTES_WAITING = 64 << 20

Words: TypeAlias = tuple[str | bytes | int, ...]


class _Call(NamedTuple):
    """A command, its size in bytes, and the future of its reply, if the reply is needed."""

    words: Words
    size: int
    answer: asyncio.Future[Any] | None


class Pipe:
    """Executes commands in the order of the calls, also across connections.

    A command that fails is not retried. `is_up` is True if the last pipeline succeeded; `on_down` and
    `on_up` are called when it changes.
    """

    def __init__(self, connections: RedisConnections) -> None:
        self._connections = connections
        self._connection: Connection | None = None
        self._waiting: deque[_Call] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._has_ended = False
        self.is_up = False
        self.on_down: Callable[[], None] = lambda: None
        self.on_up: Callable[[], None] = lambda: None
        self.failure = "not connected yet"
        """Description of the last failure."""
        self.lost = 0
        """Number of commands without a caller waiting that have, or may have, not been executed."""

    def put(self, *words: str | bytes | int) -> None:
        """Queue a command whose reply is not needed. Never waits; it is lost if the queue is full."""
        if len(self._waiting) >= MOST_WAITING or self._waiting_bytes > MOST_BYTES_WAITING:
            self.lost += 1
        else:
            self._add(words, None)

    async def call(self, *words: str | bytes | int) -> Any:
        """Execute a command and return its reply. Raises `Unavailable` if it has, or may have, failed."""
        if self._has_ended:
            raise Unavailable("Redis is not connected.")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._add(words, answer)
        return await answer

    async def run(self) -> None:
        """Execute queued commands, until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._carry_out(self._next())
        finally:
            self._has_ended = True
            self._fail(self._waiting, "the node is stopping")
            await close(self._connection)

    def _add(self, words: Words, answer: asyncio.Future[Any] | None) -> None:
        size = sum(len(word) for word in words if not isinstance(word, int))
        self._waiting.append(_Call(words, size, answer))
        self._waiting_bytes += size
        self._wake.set()

    def _next(self) -> deque[_Call]:
        batch, size = deque([self._waiting.popleft()]), 0
        while self._waiting and len(batch) < MOST_TOGETHER and size < MOST_BYTES_TOGETHER:
            batch.append(self._waiting.popleft())
            size += batch[-1].size
        self._waiting_bytes -= sum(call.size for call in batch)
        return batch

    async def _carry_out(self, batch: deque[_Call]) -> None:
        try:
            connection = self._connection = self._connection or await self._connections.open()
            packed = connection.pack_commands([call.words for call in batch])
            await connection.send_packed_command(packed, check_health=False)
            while batch:
                await self._take_answer(connection, batch[0])
                batch.popleft()
        except FAILURES as error:
            await self._went_down(reason(error), batch)
        except asyncio.CancelledError:
            self._fail(batch, "the node is stopping")
            raise
        else:
            self._went_up()

    async def _take_answer(self, connection: Connection, call: _Call) -> None:
        try:
            answer = await connection.read_response()
        except WRONG_SERVER:
            raise  # a new connection finds the responsible server
        except ResponseError as error:
            self.failure = reason(error)
            self._fail([call], self.failure)
        else:
            if call.answer is not None and not call.answer.done():
                call.answer.set_result(answer)

    async def _went_down(self, words: str, batch: deque[_Call]) -> None:
        was_up, self.is_up, self.failure = self.is_up, False, words
        if was_up:
            log.warning("redis is down: %s", words, extra={"event": "redis_down", "reason": words})
            self.on_down()
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
        # Queued commands have waited while the server did not reply, and fail as well.
        batch.extend(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._fail(batch, words)

    def _went_up(self) -> None:
        if not self.is_up:
            self.is_up = True
            log.info("redis is up", extra={"event": "redis_up"})
            self.on_up()

    def _fail(self, calls: list[_Call] | deque[_Call], words: str) -> None:
        for call in calls:
            if call.answer is None:
                self.lost += 1
            elif not call.answer.done():
                call.answer.set_exception(Unavailable(f"Redis can't do it: {words}"))
