"""Export of a room's history to a file. An interrupted export can be resumed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, NamedTuple, TypeAlias

from tornchat.archive.formats import Format
from tornchat.archive.state import RoomState, read_state
from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Entry, Page

PAGE_ENTRIES = 1000
ANOTHER = "Name another --output, or remove it and its .part."
Told: TypeAlias = Callable[[int, int], None]
"""Progress callback: receives the number of entries processed and the total."""


class Exported(NamedTuple):
    """Numbers of entries: already in the file, added, and pruned from the log between the two."""

    kept: int
    added: int
    pruned: int


class Export:
    """Writes the log of one room in one format, up to its newest entry at the start of the export."""

    def __init__(self, hooks: Hooks, room: str, form: Format, told: Told) -> None:
        self._hooks = hooks
        self._room = room
        self._form = form
        self._told = told

    async def write(self, file: BinaryIO) -> Exported:
        """Write a complete export to an empty file or a stream. Raises `SettingsError`, `Unavailable`."""
        bounds = await self._bounds()
        file.write(self._form.begin(self._room, bounds.epoch))
        return await self._append(file, bounds, 0, 0)

    async def resume(self, file: BinaryIO) -> Exported:
        """Keep the complete records of `file` and append the entries that follow them.

        Raises `SettingsError` if the file is not an export of this log, and `Unavailable`.
        """
        bounds = await self._bounds()
        begin = self._form.begin(self._room, bounds.epoch)
        there = file.read(len(begin))
        if not begin.startswith(there):
            raise SettingsError("The file there begins unlike an export of this room's log.", ANOTHER)
        if there != begin:
            file.seek(0)
            file.write(begin)
        count, last = _whole(self._form, file, len(begin))
        after = await self._verified(last) if last else 0
        return await self._append(file, bounds, after, count)

    async def _bounds(self) -> Page:
        page = await self._hooks.read_history(self._room, None, None, 0)
        if page is None:
            raise SettingsError(f"There is no room {self._room!r}.", "See how it is spelt.")
        return page

    async def _verified(self, last: bytes) -> int:
        """Return the `seq` of the file's last record. Raises `SettingsError` if the log does not match it."""
        try:
            seq, draft_id = self._form.identity(last)
        except (ValueError, IndexError):
            raise SettingsError("The last record of the file there is damaged.", ANOTHER) from None
        page = await self._hooks.read_history(self._room, seq - 1, seq + 1, 1)
        found = page.entries[0] if page is not None and page.entries else None
        if found is None or self._form.identity(self._form.records([found])) != (seq, draft_id):
            raise SettingsError(
                f"The log has another entry, or none, at {seq}, where the file ends.", ANOTHER
            )
        return seq

    async def _append(self, file: BinaryIO, bounds: Page, after: int, kept: int) -> Exported:
        added = pruned = 0
        total = bounds.head_seq - max(after, bounds.first_seq - 1)
        self._told(0, total)
        async for entries in self._pages(bounds, after):
            pruned += entries[0].seq - after - 1 if after else 0
            after = entries[-1].seq
            file.write(self._form.records(entries))
            file.flush()
            added += len(entries)
            self._told(added, total)
        file.write(self._form.state(await self._state(bounds)))
        file.write(self._form.end)
        return Exported(kept, added, pruned)

    async def _state(self, bounds: Page) -> RoomState:
        state = await read_state(self._hooks, self._room)
        heads = await self._hooks.latest_positions([self._room])
        if state is None or self._room not in heads or heads[self._room].epoch != bounds.epoch:
            raise self._another()
        return state

    def _another(self) -> Unavailable:
        return Unavailable(f"The room {self._room} has become another one meanwhile.")

    async def _pages(self, bounds: Page, after: int) -> AsyncIterator[tuple[Entry, ...]]:
        while after < bounds.head_seq:
            page = await self._hooks.read_history(self._room, after, bounds.head_seq + 1, PAGE_ENTRIES)
            if page is None or page.epoch != bounds.epoch:
                raise self._another()
            if not page.entries:
                return  # pruned up to here
            yield page.entries
            after = page.entries[-1].seq


def _whole(form: Format, file: BinaryIO, end: int) -> tuple[int, bytes]:
    """Truncate the file after its last complete record; return the number of records and the last one."""
    count, last = 0, b""
    for record in form.whole(file):
        end += len(record)
        count, last = count + 1, record
    file.seek(end)
    file.truncate()
    return count, last
