"""Import of an exported history into a room. Order and times are kept; existing entries are unchanged."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from tornchat.archive.opening import Opening
from tornchat.archive.source import Row, Source, referred_by
from tornchat.errors import NotStored, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.marks import Mark
from tornchat.model import Draft, Entry, More, Refusal, StoreResult, digest_of

BATCH_ENTRIES = 500
PAGE_ENTRIES = 1000
RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0)
Told: TypeAlias = Callable[[int, int], None]
"""Progress callback: receives the number of entries processed and the total."""


class Restore:
    """An import. It may be interrupted at any time, since batches are atomic; importing again continues it.

    Messages that exist already are recognized by their `draft_id` or client id. `outcomes` counts the
    entries: `stored`, `known` (existing), `deleted` (not stored, or deleted in the room as well), or the
    code of their refusal.
    """

    def __init__(self, hooks: Hooks, source: Source, room: str, opening: Opening, told: Told) -> None:
        self._hooks = hooks
        self._source = source
        self._room = room
        self._opening = opening
        self._told = told
        self._known: dict[str, int] = {}
        """Draft ids in the room -> their `seq`; 0 if the message has been deleted."""
        self._places: dict[int, int] = {}
        """`seq` of messages in the file that others refer to -> their `seq` in the room; 0: not there."""
        self.outcomes: Counter[str] = Counter()
        self.refused: dict[int, str] = {}
        """Line -> the code with which storage refused its entry."""

    async def run(self) -> None:
        """Run the import. Raises `SettingsError`, `Unavailable`; entries stored before that are kept."""
        await self._opening.open(self._room, self._source.state)
        async for known in self._read():
            self._known[known.draft_id] = known.seq if known.text else 0
        batch: list[tuple[Row, Draft]] = []
        for row in self._source.rows():
            waited_for = [seq for seq in referred_by(row.entry) if seq not in self._places]
            if batch and (waited_for or len(batch) >= BATCH_ENTRIES):
                await self._store(batch)
                batch.clear()
            for seq in waited_for:  # all that is before this entry has its place now
                self._places.setdefault(seq, 0)
            if draft := self._draft(row.entry):
                batch.append((row, draft))
        if batch:
            await self._store(batch)
        self._tell()

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
        """Return the draft to store for an entry, or None."""
        if entry.target is not None and not entry.empties:
            return self._change(entry)
        if entry.target is not None:
            self.outcomes["deleted"] += 1
            return None
        deletion = self._source.deletions.get(entry.seq)
        place = self._known.get(entry.draft_id)
        if deletion is not None or not entry.text:
            self.outcomes["deleted"] += 1
            self._places[entry.seq] = 0
            return self._made(deletion, place) if deletion and place else None
        if place is not None:
            self._places[entry.seq] = place
            self.outcomes["known"] += 1
            return None
        return replace(self._made(entry, None), more=self._more(entry))

    def _more(self, entry: Entry) -> More | None:
        """Return what a message says beyond its text. What is not there is neither answered nor a thread."""
        if entry.more is None:
            return None
        reply_to, thread = (
            self._places.get(seq or 0) or None for seq in (entry.more.reply_to, entry.more.thread)
        )
        more = More(
            reply_to=reply_to,
            thread=thread,
            mentions=entry.more.mentions,
            meta=entry.more.meta,
            data=entry.more.data,
            status="failed" if entry.is_open else entry.more.status,  # nobody will add to it
        )
        if more == More():
            return None
        return replace(more, digest=digest_of(entry.kind, None, entry.text, None, more))

    def _change(self, entry: Entry) -> Draft | None:
        """Return the draft of an entry that changes a message. They are stored in the order of the file."""
        place = self._places.get(entry.target or 0)
        if entry.offset is not None or entry.closes:
            self.outcomes["known" if place else "deleted"] += 1  # its text is in the message
            return None
        if not place or not _changes(entry) or not self._hooks.changes:
            self.outcomes["deleted"] += 1  # with its message
        elif entry.draft_id in self._known:
            self.outcomes["known"] += 1
        else:
            mark = None if entry.mark is None else Mark(tokens=entry.mark.tokens)
            return replace(self._made(entry, place), more=More(meta=entry.meta, data=entry.data, mark=mark))
        return None

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

    async def _store(self, batch: Sequence[tuple[Row, Draft]]) -> None:
        began = time.monotonic()
        results = await self._results([draft for _, draft in batch])
        for (row, draft), result in zip(batch, results, strict=True):
            if isinstance(result, Refusal):
                self.outcomes[result.code] += 1
                self.refused[row.line] = result.code
                self._places[row.entry.seq] = 0
                continue
            if row.entry.seq in self._source.referred:
                self._places[row.entry.seq] = result.entry.seq
            if not draft.empties:
                self.outcomes["known" if result.repeated else "stored"] += 1
        self._tell()
        await asyncio.sleep(time.monotonic() - began)  # leaves the database to a running server

    async def _results(self, batch: Sequence[Draft]) -> Sequence[StoreResult]:
        for pause in (*RETRY_SECONDS, None):
            call = self._hooks.begin_store(batch)
            await asyncio.wait({call})
            try:
                return self._hooks.store_results(call, batch)
            except NotStored as error:  # nothing was stored, so that a retry is safe
                if pause is None:
                    raise Unavailable(f"{error} Import the same file again to go on.") from None
                await asyncio.sleep(pause)
        raise AssertionError

    def _tell(self) -> None:
        self._told(self.outcomes.total(), self._source.count)


def _changes(entry: Entry) -> bool:
    """Return whether an entry that changes a message still says how; erased ones do not."""
    if entry.mark is not None:
        return bool(entry.mark.added or entry.mark.removed)
    return bool(entry.text or entry.meta or entry.data)
