"""A moderation log: one line of JSON for every edit and deletion in any room, and none is missing.

After the death of a server, lines may come again; `id` is the same each time.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tornchat import Batch, Consumer, hookimpl


class ModlogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file to which lines are appended."""

    file: Path = Path("moderation.jsonl")


class ModlogPlugin:
    """The plugin `modlog`."""

    Settings = ModlogSettings

    def __init__(self, settings: ModlogSettings) -> None:
        self._file = settings.file

    @hookimpl
    def consumers(self) -> Sequence[Consumer]:
        return [Consumer("modlog", self.take, kinds=("edit", "deletion"))]

    async def take(self, batch: Batch) -> None:
        """Return when the lines are on disk. What is raised here lets the batch come again."""
        lines = "".join(_line(batch, index) for index in range(len(batch.entries)))
        await asyncio.to_thread(self._append, lines)

    def _append(self, lines: str) -> None:
        with self._file.open("a") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


def _line(batch: Batch, index: int) -> str:
    entry = batch.entries[index]
    told = {
        "id": batch.key(entry),
        "room": batch.room,
        "what": entry.kind,
        "message": entry.target,
        "by": entry.sender_id,
        "at": entry.sent_at,
        "text": entry.text,
    }
    return json.dumps(told) + "\n"
