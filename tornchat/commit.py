"""Group commit: while one store call runs, the drafts of all rooms gather; the next call takes them all.

Each draft has one outcome. *Stored* and *refused* are sure. When a store call ends in any other way its
drafts are *unknown*: no new call is started until the log has been read for what became of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tornchat.errors import ChatError, NotStored
from tornchat.hooks import Hooks
from tornchat.lookup import Lookup
from tornchat.messages import Draft, Refusal, StoreResult

log = logging.getLogger("tornchat.commit")

MOST_WAITING = 20_000
MOST_IN_A_CALL = 2_000
PATIENCE = 4.5
"""Seconds after which a draft without an outcome is answered; with the ticks between, within 5 s."""

UNCONFIRMED = Refusal("unconfirmed")
NOT_NOW = Refusal("unavailable")


class Pending:
    """A draft on its way to the disk. `answer` is called once, with its outcome.

    After `unconfirmed` the entry may still turn out to be stored; that is told to the room, not again here.
    """

    __slots__ = ("answer", "answered", "arrived", "draft")

    def __init__(self, draft: Draft, answer: Callable[[StoreResult], None], arrived: float) -> None:
        self.draft = draft
        self.answer = answer
        self.arrived = arrived
        self.answered = False

    def settle(self, outcome: StoreResult) -> None:
        """Answer, unless that was done."""
        if not self.answered:
            self.answered = True
            self.answer(outcome)


class Committer:
    """One store call in flight, everything else gathers. `run` is its task; `close` finishes what waits."""

    def __init__(
        self,
        hooks: Hooks,
        known_seq: Callable[[str], int | None],
        on_stored: Callable[[Sequence[Pending], Sequence[StoreResult]], None],
    ) -> None:
        """`known_seq` gives how far this node knows a room's log; `on_stored` is told each call's results
        before the drafts' own answers."""
        self._hooks = hooks
        self._known_seq = known_seq
        self._lookup = Lookup(hooks)
        self._on_stored = on_stored
        self._waiting: deque[Pending] = deque()
        self._in_flight: Sequence[Pending] = ()
        self._flushing: list[tuple[Pending, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, draft: Draft, answer: Callable[[StoreResult], None]) -> None:
        """Queue a draft. Raises `ChatError` (`busy`) when too many wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise ChatError("busy", "", 1.0, draft.client_id)
        self._waiting.append(Pending(draft, answer, asyncio.get_running_loop().time()))
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Commit whatever comes, until cancelled."""
        while True:
            await self._wake.wait()
            while self._waiting:
                self._in_flight = self._take()
                await self._commit(self._in_flight)
                self._in_flight = ()
                self._release()
            self._wake.clear()
            self._idle.set()

    def _take(self) -> list[Pending]:
        if len(self._waiting) <= MOST_IN_A_CALL:
            batch = list(self._waiting)
            self._waiting.clear()
            return batch
        return [self._waiting.popleft() for _ in range(MOST_IN_A_CALL)]

    async def _commit(self, batch: Sequence[Pending]) -> None:
        known = {pending.draft.room: self._known_seq(pending.draft.room) for pending in batch}
        drafts = [pending.draft for pending in batch]
        call = self._hooks.begin_store(drafts)
        try:
            await asyncio.wait({call}, timeout=self._hooks.deadline("store_messages"))
            if not call.done():
                log.error("the storage has not answered in time; waiting for the end of its call")
                await asyncio.wait({call})
            results = _results(call, drafts)
        finally:
            call.cancel()
        if results is None:
            log.warning("it is not known what became of %d messages; reading the log", len(drafts))
            results = await self._lookup.outcomes(drafts, known)
        try:
            self._on_stored(batch, results)
        except Exception:
            # What comes after this call must not wait for ever because of one that could not be told.
            log.exception("the outcome of %d messages could not be told", len(drafts))

    def expire(self) -> None:
        """Answer what has waited for `PATIENCE`. To be called twice a second or more often.

        What no store call has seen is surely not stored; the rest is unconfirmed.
        """
        now = asyncio.get_running_loop().time()
        while self._waiting and now - self._waiting[0].arrived > PATIENCE:
            self._waiting.popleft().settle(NOT_NOW)
        for pending in self._in_flight:
            if now - pending.arrived > PATIENCE:
                pending.settle(UNCONFIRMED)
        self._release()

    async def flush(self, seconds: float) -> None:
        """Wait until all that was submitted by now has its outcome, at most `seconds`."""
        last = [*self._in_flight[-1:], *self._waiting][-1:]
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
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            self._settle_all(self._in_flight, UNCONFIRMED)
            self._settle_all(self._waiting, NOT_NOW)
            self._waiting.clear()

    @staticmethod
    def _settle_all(batch: Iterable[Pending], outcome: Refusal) -> None:
        for pending in batch:
            pending.settle(outcome)


def _results(call: asyncio.Future[Any], drafts: Sequence[Draft]) -> Sequence[StoreResult] | None:
    """The results of a call that has ended; None if they are not known."""
    if call.cancelled():
        return None
    error = call.exception()
    if isinstance(error, NotStored):
        log.error("messages were not stored: %s", error)
        return [NOT_NOW] * len(drafts)
    return None if error is not None else call.result()
