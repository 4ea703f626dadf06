"""The inboxes of users: the messages that mention them."""

from __future__ import annotations

from typing import Any

from tornchat import InboxEntry, More
from tornchat_peewee.backend import Backend
from tornchat_peewee.readers import TELLING
from tornchat_peewee.session import DatabaseSession

EVERYBODY = ""
"""In place of the id of a user: everybody in the room."""
HIGHEST = 2**62
"""Upper limit for ids, which fits the integers of every database."""
READ = f"""
SELECT mention.id, room.name, message.seq, message.sender_id, message.sender_username, message.text,
  message.sent_at, mention.user_id
FROM mention JOIN room ON room.id = mention.room_id
JOIN message ON message.room_id = mention.room_id AND message.seq = mention.seq
LEFT JOIN member ON member.room_id = room.id AND member.user_id = ?
LEFT JOIN marker ON marker.room_id = room.id AND marker.user_id = ?
WHERE mention.user_id = ? AND mention.id < ? AND {TELLING} AND NOT room.deleted
  AND (NOT room.private OR room.owner = ? OR member.role IS NOT NULL)
  AND (mention.user_id <> '' OR room.owner = ? OR member.role IS NOT NULL OR marker.seq IS NOT NULL)
ORDER BY mention.id DESC LIMIT ?
"""  # noqa: S608 (constants)
"""user id, user id, user id or `EVERYBODY`, before, user id, four times, limit"""
Mentioned = tuple[str, int, int]
"""The id of a user or `EVERYBODY`, the id of a room, and a `seq`."""


def mentioned(room: int, seq: int, sender_id: str, more: More) -> list[Mentioned]:
    """Return the rows for a message. Ids that no database can hold are nobody's."""
    if more.mentions is None:
        return []
    users = {user for user in more.mentions.users if "\0" not in user and user != EVERYBODY}
    everybody = {EVERYBODY} if more.mentions.room else set()
    return [(user, room, seq) for user in sorted((users - {sender_id}) | everybody)]


class InboxTable:
    """The mentions in one database. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._read = backend.sql(READ)

    def read(
        self, session: DatabaseSession, user_id: str, before: int | None, limit: int
    ) -> list[InboxEntry]:
        """Implements the hook `read_inbox`. Raises `Unavailable`."""
        end = HIGHEST if before is None else min(max(before, 0), HIGHEST)
        try:
            with session.reading() as cursor:
                rows: list[Any] = []
                for whom in (user_id, EVERYBODY):  # each is one range of the index
                    cursor.execute(self._read, (user_id, user_id, whom, end, *[user_id] * 4, max(limit, 0)))
                    rows += cursor.fetchall()
        except self._backend.data_errors:
            return []  # an id that the database can't hold
        return [_entry(row) for row in sorted(rows, reverse=True)[: max(limit, 0)]]


def _entry(row: Any) -> InboxEntry:
    *fields, user_id = row
    return InboxEntry(*(*fields, user_id == EVERYBODY))
