"""The queue of drafts before the next store call, fair between users."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from tornchat.model import Draft, StoreResult

MOST_WAITING = 20_000
MOST_OF_A_USER = 64
"""Drafts of one user that wait; beyond that the user's connections are not read."""
HEAVY_SHARE = 8
"""Drafts per call of a heavy user, one who had to wait for space, while other users send, too."""
HEAVY_PAUSE = 0.002
"""Seconds between calls that take drafts of heavy users, while other users send, too."""
CROWDED_SECONDS = 1.0
"""Other users are considered to send for this long after their last draft."""


class Pending:
    """A draft on its way to the disk. `answer` is called once, with its outcome.

    After `unconfirmed` the entry may still turn out to be stored; the room then receives it, but `answer` is
    not called again.
    """

    __slots__ = ("alone", "answer", "answered", "arrived", "draft", "known_seq")

    def __init__(
        self,
        draft: Draft,
        answer: Callable[[StoreResult], None],
        arrived: float,
        known_seq: int | None = None,
    ) -> None:
        """`arrived` is in seconds (`monotonic`); `known_seq` is how far the room's log was known then."""
        self.draft = draft
        self.answer = answer
        self.arrived = arrived
        self.answered = False
        self.known_seq = known_seq
        self.alone = False
        """True if it is not to be merged with others."""

    def settle(self, outcome: StoreResult) -> None:
        """Call `answer` unless it has been called."""
        if not self.answered:
            self.answered = True
            self.answer(outcome)


class Queue:
    """Drafts in order of arrival. A call that can't take all of them takes them round by user.

    A user who had to wait for space is heavy until no draft of the user waits. While other users send, too,
    few drafts of heavy users are taken at a time and with pauses, so that a draft of another user seldom
    waits for their calls to end.
    """

    def __init__(self) -> None:
        self.waiting: deque[Pending] = deque()
        """The drafts in order of arrival; only for reading."""
        self._of_user: dict[str, int] = {}
        self._space: dict[str, list[asyncio.Future[None]]] = {}
        self._heavy: set[str] = set()
        self._heavy_at = -math.inf
        self._others_at = -math.inf

    def __len__(self) -> int:
        return len(self.waiting)

    def full_for(self, user: str) -> bool:
        """Return whether `MOST_OF_A_USER` drafts of this user wait."""
        return self._of_user.get(user, 0) >= MOST_OF_A_USER

    async def space(self, user: str) -> None:
        """Wait until fewer than `MOST_OF_A_USER` drafts of this user wait."""
        while self.full_for(user):
            self._heavy.add(user)
            freed = asyncio.get_running_loop().create_future()
            self._space.setdefault(user, []).append(freed)
            await freed

    def add(self, pending: Pending) -> bool:
        """Append a draft, of whose user `full_for` is False; return False if `MOST_WAITING` drafts wait."""
        if len(self.waiting) >= MOST_WAITING:
            return False
        self.waiting.append(pending)
        user = pending.draft.sender_id
        self._of_user[user] = self._of_user.get(user, 0) + 1
        return True

    def add_first(self, again: Sequence[Pending]) -> None:
        """Put drafts that were taken before all others, in their order."""
        self.waiting.extendleft(pending for pending in reversed(again) if not pending.answered)
        self._recount()

    def take(self, most: int, now: float) -> list[Pending]:
        """Remove and return at most `most` drafts, each user's in order of arrival. `now` is `monotonic`.

        If more wait, every user's first draft comes before anybody's second one, and so on. Nothing is
        returned if only heavy users' drafts wait and `HEAVY_PAUSE` is not over.
        """
        batch = list(self.waiting)
        self.waiting.clear()
        if self._heavy or len(batch) > most:
            batch, later = self._split(batch, most, now)
            self.waiting.extend(later)
            self._recount()
        else:
            self._of_user.clear()  # nobody waits for space: such users are heavy
        return batch

    def _split(self, batch: list[Pending], most: int, now: float) -> tuple[list[Pending], list[Pending]]:
        """Return the drafts for this call and those for later ones, in order of arrival."""
        share = self._heavy_share(batch, now)
        taken = [
            pending
            for rank, pending in _by_rounds(batch)
            if rank < share or pending.draft.sender_id not in self._heavy
        ][:most]
        if share and self._heavy:
            self._heavy_at = now
        ids = set(map(id, taken))
        return taken, [pending for pending in batch if id(pending) not in ids]

    def _heavy_share(self, batch: list[Pending], now: float) -> int:
        """Return how many drafts of each heavy user this call takes."""
        if any(pending.draft.sender_id not in self._heavy for pending in batch):
            self._others_at = now
        if now - self._others_at > CROWDED_SECONDS:
            return MOST_OF_A_USER
        return HEAVY_SHARE if now - self._heavy_at >= HEAVY_PAUSE else 0

    def drain(self) -> list[Pending]:
        """Remove and return all drafts."""
        batch = list(self.waiting)
        self.waiting.clear()
        self._recount()
        return batch

    def expired(self, before: float) -> list[Pending]:
        """Remove and return the drafts that arrived before this time (`monotonic`, seconds)."""
        found = []
        while self.waiting and self.waiting[0].arrived < before:
            found.append(self.waiting.popleft())
        if found:
            self._recount()
        return found

    def _recount(self) -> None:
        """Count what still waits, and wake those that wait for space."""
        self._of_user = dict(Counter(pending.draft.sender_id for pending in self.waiting))
        self._heavy &= self._of_user.keys()
        for user in [user for user in self._space if not self.full_for(user)]:
            for freed in self._space.pop(user):
                if not freed.done():
                    freed.set_result(None)


def _by_rounds(batch: list[Pending]) -> list[tuple[int, Pending]]:
    """Order drafts by how many of the same user come before them, and return this number with each."""
    rounds: dict[str, Iterator[int]] = {}
    ranked = [(next(rounds.setdefault(pending.draft.sender_id, count())), pending) for pending in batch]
    return sorted(ranked, key=lambda found: found[0])
