"""Bringing an exported history into a room, in order and with its times; what is there is left alone."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import islice
from typing import TypeAlias

from tornchat.archive.source import Source
from tornchat.errors import NotStored, SettingsError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Draft, Entry, Refusal, StoreResult, User

BATCH_ENTRIES = 500
PAGE_ENTRIES = 1000
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0)
Told: TypeAlias = Callable[[int, int], None]
"""Is called with how much is done, and how much there is."""


class Restore:
    """One import. It may be interrupted at any time: each batch is whole, and the next import goes on.

    A message is known by its `draft_id`, and by the id that its sender gave it. `outcomes` counts
    what became of the entries: `stored`, `known`, `deleted` (not stored, or deleted here, too), or the code
    with which they were refused.
    """

    def __init__(self, hooks: Hooks, source: Source, room: str, told: Told) -> None:
        self._hooks = hooks
        self._source = source
        self._room = room
        self._told = told
        self._known: dict[str, int] = {}
        """The draft ids that are in the room -> their place; 0 if their text is gone."""
        self.outcomes: Counter[str] = Counter()

    async def run(self) -> None:
        """Raises `SettingsError`, `Unavailable`; what was stored before that stays stored."""
        entries = self._source.entries()
        first = next(entries, None)
        if first is None:
            return
        await self._open(User(first.sender_id, first.sender_username))
        async for known in self._read():
            self._known[known.draft_id] = known.seq if known.text else 0
        drafts = (draft for entry in self._source.entries() if (draft := self._draft(entry)))
        while batch := list(islice(drafts, BATCH_ENTRIES)):
            await self._store(batch)
        self._tell()

    async def _open(self, owner: User) -> None:
        """A new room belongs to who spoke first, as if that one had come into it first."""
        if self._room in await self._hooks.latest_positions([self._room]):
            return
        if await self._hooks.open_room(self._room, owner, True, 0) is None:
            raise SettingsError(f"The room {self._room!r} could not be created.", "Try another --room.")

    async def _read(self) -> AsyncIterator[Entry]:
        after = 0
        while True:
            page = await self._hooks.read_history(self._room, after, None, PAGE_ENTRIES)
            if page is None or not page.entries:
                return
            for entry in page.entries:
                yield entry
            after = page.entries[-1].seq

    def _draft(self, entry: Entry) -> Draft | None:
        """What is to be stored for an entry, if anything is."""
        if entry.kind == "deletion":
            self.outcomes["deleted"] += 1
            return None
        deletion = self._source.deletions.get(entry.seq)
        place = self._known.get(entry.draft_id)
        if deletion is not None or not entry.text:
            self.outcomes["deleted"] += 1
            return self._made(deletion, place) if deletion and place else None
        if place is not None:
            self.outcomes["known"] += 1
            return None
        return self._made(entry, None)

    def _made(self, entry: Entry, target: int | None) -> Draft:
        return Draft(
            entry.draft_id,
            self._room,
            entry.sender_id,
            entry.sender_username,
            entry.text,
            entry.sent_at,
            entry.client_id,
            entry.kind,
            target,
        )

    async def _store(self, batch: Sequence[Draft]) -> None:
        began = time.monotonic()
        for draft, result in zip(batch, await self._results(batch), strict=True):
            if isinstance(result, Refusal):
                self.outcomes[result.code] += 1
            elif draft.kind == "message":
                self.outcomes["known" if result.repeated else "stored"] += 1
        self._tell()
        await asyncio.sleep(time.monotonic() - began)  # a server beside us has its turn, too

    async def _results(self, batch: Sequence[Draft]) -> Sequence[StoreResult]:
        for pause in (*RETRY_SECONDS, None):
            call = self._hooks.begin_store(batch)
            await asyncio.wait({call})
            try:
                return self._hooks.store_results(call, batch)
            except NotStored as error:  # surely: so it may be tried again
                if pause is None:
                    raise Unavailable(f"{error} Import the same file again to go on.") from None
                await asyncio.sleep(pause)
        raise AssertionError

    def _tell(self) -> None:
        self._told(self.outcomes.total(), self._source.count)
