"""Group commit: at most one store call runs at a time; drafts submitted meanwhile form the next call.

Each draft gets one outcome. *Stored* and *refused* are final. If a store call ends in any other way, the
outcome of its drafts is *unknown*: no further call starts until it has been determined from the log.
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
from tornchat.log.merging import merged
from tornchat.log.outcome import Outcomes
from tornchat.log.queue import HEAVY_PAUSE, Pending, Queue
from tornchat.metrics.histogram import LATENCIES, SIZES, Histogram
from tornchat.model import Draft, Refusal, Stored, StoreResult
from tornchat.tasks import Tasks

log = logging.getLogger("tornchat.commit")

MOST_IN_A_CALL = 2_000
PATIENCE = 4.5
"""Seconds after which `expire` answers a draft without an outcome, so that every answer comes within 5 s."""

FAILURE_SECONDS = 30.0
"""Seconds after a failed store call during which the storage counts as unhealthy without another call."""
GATHER_SECONDS = 0.001
"""Maximum delay of a call while each iteration of the event loop adds drafts."""

UNCONFIRMED = Refusal("unconfirmed")
NOT_NOW = Refusal("unavailable")


class Unfinished(Protocol):
    """A flush to members that may extend over several iterations of the event loop."""

    @property
    def unfinished(self) -> bool:
        """True while some members have yet to be flushed."""


def refused(result: Refusal, client_id: str | None) -> ChatError:
    """Return the error that tells a sender of a refusal."""
    present = (result.revision, result.length)
    return ChatError(result.code, result.reason, result.retry_after, client_id, *present)


class Committer:
    """Stores drafts, with one store call in flight and the other drafts queued for the next one."""

    def __init__(
        self,
        hooks: Hooks,
        tasks: Tasks,
        flush: Unfinished,
        on_stored: Callable[[Sequence[Pending], Sequence[StoreResult]], None],
    ) -> None:
        """`on_stored` receives the drafts and results of each call and settles the drafts.

        While `flush` is unfinished, calls are not delayed. `tasks` owns the lookups of unknown outcomes.
        Requires a running event loop.
        """
        self._hooks = hooks
        self._tasks = tasks
        self._flush = flush
        self._lookup = Outcomes(hooks)
        self._on_stored = on_stored
        self._loop = asyncio.get_running_loop()
        self.queue = Queue()
        """The drafts that wait for the next store call."""
        self._in_flight: Sequence[Pending] = ()
        self._drafts: Sequence[Draft] = ()
        """The drafts of the current store call."""
        self._call: asyncio.Future[object] | None = None
        self._began = 0.0
        self._late_at = 0.0
        self._looks = False
        self._resting: asyncio.TimerHandle | None = None
        self._seen = 0
        self._until = 0.0
        self._closed = False
        self._is_down = False
        self._down_words = ""
        self._failed_at = 0.0
        self._flushing: list[tuple[Pending, asyncio.Future[None]]] = []
        self.seconds = Histogram(LATENCIES)
        """Duration of the store calls."""
        self.sizes = Histogram(SIZES)
        """Drafts per store call."""

    @property
    def health(self) -> str:
        """ "ok", or why the last store call failed.

        A failure counts until a call succeeds, but at most `FAILURE_SECONDS` after the last call: a node that
        gets no more messages because it is unhealthy would otherwise never recover.
        """
        overdue = self._call is not None and self._late_at == math.inf
        recent = monotonic() - self._failed_at < FAILURE_SECONDS
        return self._down_words if self._is_down and (recent or overdue) else "ok"

    @property
    def waiting(self) -> int:
        """Number of drafts queued for the next store call."""
        return len(self.queue.waiting)

    @property
    def in_flight(self) -> int:
        """Number of drafts in the current store call."""
        return len(self._in_flight)

    def submit(
        self, draft: Draft, answer: Callable[[StoreResult], None], known_seq: int | None = None
    ) -> None:
        """Queue a draft. `known_seq` is the `seq` of the room on this node, None if it is not loaded.

        Raises `ChatError` (`busy`) if the queue is full, and after `close`.
        """
        if self._closed or not self.queue.add(Pending(draft, answer, monotonic(), known_seq)):
            raise ChatError("busy", "", 1.0, draft.client_id)
        if not self._looks and not self._in_flight:
            self._gather()

    def _gather(self) -> None:
        """Check the queue in the next iteration of the event loop."""
        self._looks = True
        self._seen = len(self.queue.waiting)
        self._until = monotonic() + GATHER_SECONDS
        self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Start the next call, unless drafts were added since the last iteration of the event loop.

        Clients reply to a delivery within one or two iterations. A call that started at once would store
        only the first replies, and members would receive two writes instead of one.
        """
        waiting = len(self.queue.waiting)
        grows = self._seen < waiting < MOST_IN_A_CALL
        if grows and monotonic() < self._until and not self._flush.unfinished:
            self._seen = waiting
            self._loop.call_soon(self._look)
            return
        self._looks = False
        self._begin()

    async def store(self, draft: Draft, known_seq: int | None = None) -> Stored:
        """Store one draft and return its entry. Waits at most 5 s. Raises `ChatError` if it is refused."""
        outcome: asyncio.Future[StoreResult] = self._loop.create_future()
        self.submit(draft, lambda result: None if outcome.done() else outcome.set_result(result), known_seq)
        result = await outcome
        if isinstance(result, Refusal):
            raise refused(result, draft.client_id)
        return result

    def _begin(self) -> None:
        if self._in_flight or not self.queue.waiting or self._closed:
            return
        self._began = monotonic()
        self._in_flight = merged(self.queue.take(MOST_IN_A_CALL, self._began), self.queue.add_first)
        if not self._in_flight:
            self._rest()
            return
        self._late_at = self._began + self._hooks.deadline("store_messages")
        self._drafts = tuple(pending.draft for pending in self._in_flight)
        self._call = self._hooks.begin_store(self._drafts)
        self._call.add_done_callback(self._ended)

    def _rest(self) -> None:
        """Look again after the pause of heavy users, whose drafts alone wait."""
        if self._resting is None:
            self._resting = self._loop.call_later(HEAVY_PAUSE, self._rested)

    def _rested(self) -> None:
        self._resting = None
        if self.queue.waiting and not self._looks and not self._in_flight:
            self._gather()

    def _ended(self, call: asyncio.Future[object]) -> None:
        self._call = None
        self.seconds.observe(monotonic() - self._began)
        self.sizes.observe(len(self._in_flight))
        if self._closed:
            return
        drafts, self._drafts = self._drafts, ()
        try:
            results = self._hooks.store_results(call, drafts)
            if type(results[0]) is Refusal and all(map(_is_unavailable, results)):
                self._went_down("it has refused all messages of a call")
            elif self._is_down:
                self._went_up()
            self._tell(results)
        except NotStored as error:
            self._went_down(str(error))
            self._tell([NOT_NOW] * len(drafts))
        except Unavailable:
            self._went_down("the store call failed")
            log.warning("the outcome of %d messages is unknown; reading the log", len(drafts))
            self._tasks.start(self._look_up(drafts), "lookup")

    def _went_down(self, words: str) -> None:
        """Log the first failure; later ones are not logged until a call has succeeded."""
        self._down_words, self._failed_at = words, monotonic()
        if not self._is_down:
            self._is_down = True
            log.error("the storage is down: %s", words, extra={"event": "storage_down", "reason": words})

    def _went_up(self) -> None:
        self._is_down = False
        log.warning("the storage is up", extra={"event": "storage_up"})

    async def _look_up(self, drafts: Sequence[Draft]) -> None:
        self._tell(await self._lookup.outcomes(drafts, _known(self._in_flight)))

    def _tell(self, results: Sequence[StoreResult]) -> None:
        batch, self._in_flight = self._in_flight, ()
        try:
            self._on_stored(batch, results)
        except Exception:
            # The committer must continue: otherwise no later draft would ever be stored.
            log.exception("handling the outcome of %d messages failed", len(batch))
        if self._flushing:
            self._release()
        if self.queue.waiting and not self._looks:
            self._gather()

    def expire(self) -> None:
        """Answer the drafts that have waited for `PATIENCE` seconds. Call it at least twice a second.

        Queued drafts are answered with `unavailable`, since they are not stored; drafts in the current
        store call are answered with `unconfirmed`.
        """
        now = monotonic()
        if self._call is not None and now > self._late_at:
            self._late_at = math.inf
            self._went_down("it has not answered in time; waiting for the store call to end")
        for pending in self.queue.expired(now - PATIENCE):
            pending.settle(NOT_NOW)
        for pending in self._in_flight:
            if now - pending.arrived > PATIENCE:
                pending.settle(UNCONFIRMED)
        self._release()

    async def flush(self, seconds: float) -> None:
        """Wait until every draft submitted so far has its outcome, at most `seconds`."""
        last = [*self._in_flight[-1:], *self.queue.waiting][-1:]
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
        """Wait at most `seconds` until every draft has its outcome; then answer the remaining drafts."""
        await self.flush(seconds)
        self._closed = True
        for pending in self._in_flight:
            pending.settle(UNCONFIRMED)
        for pending in self.queue.drain():
            pending.settle(NOT_NOW)
        if self._call is not None:
            self._call.cancel()


def _is_unavailable(result: StoreResult) -> bool:
    return type(result) is Refusal and result.code == "unavailable"


def _known(batch: Sequence[Pending]) -> dict[str, int | None]:
    """Return the last `seq` of each room known before the call. The entries it stored come after that."""
    known: dict[str, int | None] = {}
    for pending in batch:
        before, seq = known.get(pending.draft.room), pending.known_seq
        known[pending.draft.room] = seq if before is None else max(before, seq or 0)
    return known
