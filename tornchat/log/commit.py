"""Group commit: while one store call runs, the drafts of all rooms gather; the next call takes them all.

Each draft has one outcome. *Stored* and *refused* are sure. When a store call ends in any other way its
drafts are *unknown*: no new call is started until the log has been read for what became of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from tornchat.errors import ChatError, NotStored, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.log.outcome import Outcomes
from tornchat.log.queue import Pending, Queue
from tornchat.metrics.histogram import LATENCIES, SIZES, Histogram
from tornchat.model import Draft, Refusal, Stored, StoreResult
from tornchat.tasks import Tasks

log = logging.getLogger("tornchat.commit")

MOST_IN_A_CALL = 2_000
PATIENCE = 4.5
"""Seconds after which a draft without an outcome is answered; with the ticks between, within 5 s."""

GATHER_SECONDS = 0.001
"""How long a call waits, at most, while each turn of the loop brings more drafts."""

UNCONFIRMED = Refusal("unconfirmed")
NOT_NOW = Refusal("unavailable")


class Unfinished(Protocol):
    """What serves members: `unfinished` while it has begun a flush that goes on in a later turn."""

    @property
    def unfinished(self) -> bool:
        """True while members wait for the rest of a flush."""


class Committer:
    """One store call in flight, everything else gathers and is the next one."""

    def __init__(
        self,
        hooks: Hooks,
        tasks: Tasks,
        flush: Unfinished,
        on_stored: Callable[[Sequence[Pending], Sequence[StoreResult]], None],
    ) -> None:
        """`flush` says whether members are still to be served; `on_stored` is handed the results of each call
        and settles its drafts. `tasks` owns lookups. Call it on the running loop."""
        self._hooks = hooks
        self._tasks = tasks
        self._flush = flush
        self._lookup = Outcomes(hooks)
        self._on_stored = on_stored
        self._loop = asyncio.get_running_loop()
        self.queue = Queue()
        """The drafts that wait for the next store call."""
        self._in_flight: Sequence[Pending] = ()
        self._call: asyncio.Future[object] | None = None
        self._began = 0.0
        self._late_at = 0.0
        self._looks = False
        self._seen = 0
        self._until = 0.0
        self._closed = False
        self._is_down = False
        self._flushing: list[tuple[Pending, asyncio.Future[None]]] = []
        self.seconds = Histogram(LATENCIES)
        """How long the store calls took."""
        self.sizes = Histogram(SIZES)
        """How many drafts were in them."""

    @property
    def waiting(self) -> int:
        """How many drafts wait for the next store call."""
        return len(self.queue)

    @property
    def in_flight(self) -> int:
        """How many drafts the store call under way holds."""
        return len(self._in_flight)

    def submit(
        self, draft: Draft, answer: Callable[[StoreResult], None], known_seq: int | None = None
    ) -> None:
        """Queue a draft. `known_seq` is how far this node knows the room's log; None: not at all.

        Raises `ChatError` (`busy`) when too many drafts wait already, or after `close`.
        """
        if self._closed or self.queue.full:
            raise ChatError("busy", "", 1.0, draft.client_id)
        self.queue.add(Pending(draft, answer, monotonic(), known_seq))
        if not self._looks and not self._in_flight:
            self._gather()

    def _gather(self) -> None:
        """Look at the queue in the next turn of the loop."""
        self._looks = True
        self._seen = len(self.queue)
        self._until = monotonic() + GATHER_SECONDS
        self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Begin the next call, unless each turn of the loop still brings more drafts.

        Senders answer what they were just sent within a turn or two. A call that began at once would take
        only the first of them, and members would get two writes where one would do.
        """
        waiting = len(self.queue)
        grows = self._seen < waiting < MOST_IN_A_CALL
        if grows and monotonic() < self._until and not self._flush.unfinished:
            self._seen = waiting
            self._loop.call_soon(self._look)
            return
        self._looks = False
        self._begin()

    async def store(self, draft: Draft, known_seq: int | None = None) -> Stored:
        """Store one draft and wait for its outcome, which comes within 5 s. Raises `ChatError`."""
        outcome: asyncio.Future[StoreResult] = self._loop.create_future()
        self.submit(draft, lambda result: None if outcome.done() else outcome.set_result(result), known_seq)
        result = await outcome
        if isinstance(result, Refusal):
            raise ChatError(result.code, result.reason, None, draft.client_id)
        return result

    def _begin(self) -> None:
        if self._in_flight or not self.queue or self._closed:
            return
        self._in_flight = self.queue.take(MOST_IN_A_CALL)
        self._began = monotonic()
        self._late_at = self._began + self._hooks.deadline("store_messages")
        self._call = self._hooks.begin_store([pending.draft for pending in self._in_flight])
        self._call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Future[object]) -> None:
        self._call = None
        self.seconds.observe(monotonic() - self._began)
        self.sizes.observe(len(self._in_flight))
        if self._closed:
            return
        drafts = [pending.draft for pending in self._in_flight]
        try:
            results = self._hooks.store_results(call, drafts)
            self._went_up()
            self._tell(results)
        except NotStored as error:
            self._went_down(str(error))
            self._tell([NOT_NOW] * len(drafts))
        except Unavailable:
            self._went_down("its call failed")
            log.warning("it is not known what became of %d messages; reading the log", len(drafts))
            self._tasks.start(self._look_up(drafts), "lookup")

    def _went_down(self, words: str) -> None:
        """Say so once, however many calls fail until one succeeds."""
        if not self._is_down:
            self._is_down = True
            log.error("the storage is down: %s", words, extra={"event": "storage_down", "reason": words})

    def _went_up(self) -> None:
        if self._is_down:
            self._is_down = False
            log.warning("the storage is up", extra={"event": "storage_up"})

    async def _look_up(self, drafts: Sequence[Draft]) -> None:
        self._tell(await self._lookup.outcomes(drafts, _known(self._in_flight)))

    def _tell(self, results: Sequence[StoreResult]) -> None:
        batch, self._in_flight = self._in_flight, ()
        try:
            self._on_stored(batch, results)
        except Exception:
            # What comes after this call must not wait for ever because of one that could not be told.
            log.exception("the outcome of %d messages could not be told", len(batch))
        self._release()
        if self.queue and not self._looks:
            self._gather()

    def expire(self) -> None:
        """Answer what has waited for `PATIENCE`. To be called twice a second or more often.

        What no store call has seen is surely not stored; the rest is unconfirmed.
        """
        now = monotonic()
        if self._call is not None and now > self._late_at:
            self._late_at = math.inf
            self._went_down("it has not answered in time; waiting for the end of its call")
        for pending in self.queue.expired(now - PATIENCE):
            pending.settle(NOT_NOW)
        for pending in self._in_flight:
            if now - pending.arrived > PATIENCE:
                pending.settle(UNCONFIRMED)
        self._release()

    async def flush(self, seconds: float) -> None:
        """Wait until all that was submitted by now has its outcome, at most `seconds`."""
        last = [*self._in_flight[-1:], *self.queue][-1:]
        if last:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._flushing.append((last[0], done))
            await asyncio.wait({done}, timeout=seconds)

    def _release(self) -> None:
        for pending, done in self._flushing:
            if pending.answered and not done.done():
                done.set_result(None)
        self._flushing = [(pending, done) for pending, done in self._flushing if not done.done()]

    async def close(self, seconds: float) -> None:
        """Wait until all that was submitted has its outcome, at most `seconds`; then answer the rest."""
        await self.flush(seconds)
        self._closed = True
        for pending in self._in_flight:
            pending.settle(UNCONFIRMED)
        for pending in self.queue.take(len(self.queue)):
            pending.settle(NOT_NOW)
        if self._call is not None:
            self._call.cancel()


def _known(batch: Sequence[Pending]) -> dict[str, int | None]:
    """Room -> the last position known before the call. All that the call stored comes after it."""
    known: dict[str, int | None] = {}
    for pending in batch:
        before, seq = known.get(pending.draft.room), pending.known_seq
        known[pending.draft.room] = seq if before is None else max(before, seq or 0)
    return known
