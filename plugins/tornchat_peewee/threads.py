"""The threads of messages: how many messages each has, without deleted ones, and where the last one is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tornchat import Entry
from tornchat_peewee.rows import sound
from tornchat_peewee.statements import Statements, replies_of

Root = tuple[int, int]
"""The id of a room, and the `seq` of the message whose thread it is."""


class ThreadCounts:
    """Collects how the threads change within one transaction, and writes each once."""

    def __init__(self, statements: Statements, cursor: Any) -> None:
        self._sql = statements
        self._cursor = cursor
        self._added: dict[Root, tuple[int, int]] = {}
        self._dropped: Counter[Root] = Counter()

    def added(self, room: int, root: int, seq: int) -> None:
        """Record a new message in a thread."""
        count, _ = self._added.get((room, root), (0, 0))
        self._added[room, root] = (count + 1, seq)

    def dropped(self, room: int, root: int) -> None:
        """Record that a message of a thread is deleted."""
        self._dropped[room, root] += 1

    def write(self) -> None:
        """Write the changes, under the locks of the rooms. A thread whose message was pruned has no row."""
        if self._added:
            rows = [(*root, *change) for root, change in self._added.items()]
            self._cursor.executemany(self._sql.add_replies, rows)
        if self._dropped:
            fewer = [(count, *root) for root, count in self._dropped.items()]
            self._cursor.executemany(self._sql.drop_replies, fewer)


def with_replies(cursor: Any, statements: Statements, room: int, messages: Sequence[Entry]) -> list[Entry]:
    """Return these messages of a room, in the order of the log, with their threads."""
    if not messages:
        return []
    cursor.execute(statements.threads, (room, messages[0].seq, messages[-1].seq))
    threads = dict(sound("thread", cursor.fetchall(), replies_of))
    if not threads:
        return list(messages)
    return [m.with_replies(threads[m.seq]) if m.seq in threads else m for m in messages]
