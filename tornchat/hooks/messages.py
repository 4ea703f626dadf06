"""Reading messages in their present state, of storage plugins with and without entries that change them."""

from __future__ import annotations

import inspect

from msgspec.structs import replace

from tornchat.hooks.specs import storage
from tornchat.hooks.verbs import Verbs
from tornchat.model import Changed, Entry, Page

PAGE_ENTRIES = 500


class Messages:
    """Reads messages. `changes` tells whether the storage plugin stores entries that change messages."""

    def __init__(self, verbs: Verbs) -> None:
        functions = [inspect.unwrap(found.function) for found in verbs.of(storage.store_messages.name)]
        plugins = [getattr(function, "__self__", None) for function in functions]
        self.changes = any(getattr(plugin, "changes", False) is True for plugin in plugins)
        self._has_messages = bool(verbs.of(storage.read_messages.name))
        self._read_history = verbs.bind(storage.read_history)
        self._read_messages = verbs.bind(storage.read_messages)
        self._read_changed = verbs.bind(storage.read_changed)

    async def read(
        self,
        room: str,
        after: int | None = None,
        before: int | None = None,
        around: int | None = None,
        thread: int | None = None,
        limit: int = PAGE_ENTRIES,
    ) -> Page | None:
        """Call the hook `read_messages`; in its absence, find the messages in `read_history`.

        Raises `Unavailable`.
        """
        if self._has_messages:
            return await self._read_messages(room, after, before, around, thread, limit)
        if thread is not None:
            limit = 0  # a storage in which messages can't change has no threads
        if around is not None:
            after, before = max(around - limit // 2 - 1, 0), None
        return await self._picked(room, after, before, limit)

    async def _picked(self, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        """Return the page with the messages of as many pages of the log as are needed."""
        found: list[Entry] = []
        low, high = after, before
        while True:
            page = await self._read_history(room, low, high, PAGE_ENTRIES)
            if page is None:
                return None
            messages = [entry for entry in page.entries if entry.target is None]
            found = found + messages if after is not None else messages + found
            if len(found) >= limit or len(page.entries) < PAGE_ENTRIES:
                kept = found[:limit] if after is not None else found[max(len(found) - limit, 0) :]
                return replace(page, entries=tuple(kept))
            if after is not None:
                low = page.entries[-1].seq
            else:
                high = page.entries[0].seq

    async def changed(self, room: str, since: int, limit: int) -> Changed | None:
        """Call the hook `read_changed`. Without entries that change messages, count all entries instead.

        Raises `Unavailable`.
        """
        if self.changes:
            return await self._read_changed(room, since, limit)
        page = await self._read_history(room, since, None, 0)
        if page is None:
            return None
        return Changed((), max(0, page.head_seq - since), page.first_seq, page.head_seq, page.epoch)
