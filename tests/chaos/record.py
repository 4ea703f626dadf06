"""What happened, in the order it was noted: lines of JSON that are only ever appended."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import msgspec

from tornchat import Replies
from tornchat.marks import Tallies

Note: TypeAlias = dict[str, Any]
"""`at` (seconds, monotonic), `who` (a user's name, or "stage"), `what`, and what belongs to it:

- `sent` id; `acked` id, seq, stood (True: it may have changed nothing, and is not stored then);
  `failed` id, code: surely not stored; `unknown` id: no telling
- `entered` seq, recovered, node; `lost` reason; `roster` users; `joined` user; `left` user; `seen` seq, text
- `streamed` seq, text: what was written into a streamed message, all of it acknowledged
- `holds` texts, said: seq (as text) -> the text that a user shows for this message now, and its `extras`
- by the stage: `fault` kind, node or None, began, until; `stored` seq, sender, id, text, target, said,
  tokens (of a mark); `present` users
"""


def extras(
    reply_to: int | None, thread: int | None, meta: object, replies: Replies | None, marks: Tallies
) -> list[object]:
    """What is noted of what a message says beyond its text."""
    about = [replies.count, replies.last_seq] if replies is not None else None
    return [reply_to, thread, meta, about, json.loads(msgspec.json.encode(marks))]


class Record:
    """A file of notes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)

    def note(self, who: str, what: str, **facts: object) -> None:
        """Append a note, with the time."""
        self._file.write(json.dumps({"at": time.monotonic(), "who": who, "what": what, **facts}) + "\n")

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[Note]:
    """All notes of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
