"""Recovery of unknown outcomes: stored drafts are found in the log by their `draft_id`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Draft, Entry, Page, Refusal, Stored, StoreResult

PAGE_ENTRIES = 1000
RETRY_SECONDS = 0.5


class Outcomes:
    """Determines which drafts of a store call were stored. The call must have ended."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def outcomes(self, drafts: Sequence[Draft], known: Mapping[str, int | None]) -> list[StoreResult]:
        """Return one outcome per draft. `known` maps rooms to their last known `seq` before the call.

        Reads are retried until storage answers. A draft that is not in the log was not stored and is
        refused with `unavailable`. If it has a client id, it may repeat an older entry; it is then refused
        with `unconfirmed`, and its sender may send it again to learn the outcome.
        """
        wanted = {draft.draft_id for draft in drafts}
        found: dict[str, Stored] = {}
        for room, seq in known.items():
            found.update(await self._search(room, seq, wanted))
        return [found.get(draft.draft_id) or _absent(draft) for draft in drafts]

    async def _search(self, room: str, seq: int | None, wanted: set[str]) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        while True:
            page = await self._page(room, seq)
            if page is None:
                return found
            found.update((e.draft_id, Stored(e, page.epoch)) for e in page.entries if e.draft_id in wanted)
            last = _last(page.entries)
            if seq is None or last is None or last >= page.head_seq:
                return found
            seq = last

    async def _page(self, room: str, seq: int | None) -> Page | None:
        while True:
            try:
                return await self._hooks.read_history(room, seq, None, PAGE_ENTRIES)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)


def _last(entries: Sequence[Entry]) -> int | None:
    return entries[-1].seq if entries else None


def _absent(draft: Draft) -> Refusal:
    return Refusal("unavailable" if draft.client_id is None else "unconfirmed")
