"""How far users have read rooms: their markers, and what is not read yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tornchat import PRESENT, Marker, ReadRoom, ReadState
from tornchat_peewee.backend import Backend
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES

STORE = """
INSERT INTO marker (user_id, room_id, epoch, seq, generation)
SELECT ?, room.id, room.epoch, ?, CASE WHEN ? >= 0 THEN ? ELSE COALESCE(
  (SELECT generation FROM marker WHERE user_id = ? AND room_id = room.id AND epoch = room.epoch), 0) END
FROM room WHERE room.name = ? AND room.epoch = ?
ON CONFLICT (user_id, room_id) DO UPDATE
SET epoch = excluded.epoch, seq = excluded.seq, generation = excluded.generation
WHERE marker.epoch <> excluded.epoch OR marker.generation < excluded.generation
  OR (marker.generation = excluded.generation AND marker.seq < excluded.seq)
RETURNING seq
"""
"""user id, seq, generation, generation, user id, room, epoch -> a row if it was stored"""
STANDS = """
SELECT marker.seq, marker.generation FROM marker JOIN room ON room.id = marker.room_id
WHERE marker.user_id = ? AND room.name = ? AND room.epoch = ? AND marker.epoch = room.epoch
"""
"""user id, room, epoch -> seq, generation"""
ROOM = "SELECT id, epoch, first_seq, acts FROM room WHERE name = ?"
NTH = "(SELECT nth FROM act WHERE act.room_id = {room} AND act.seq <= {seq} ORDER BY act.seq DESC LIMIT 1)"
"""The number of entries up to `seq` that act on messages; NULL if there is none."""
NTH_AT = f"SELECT {NTH.format(room='?', seq='?')}"
MARKERS = f"""
SELECT user_id, seq, generation, {NTH.format(room="marker.room_id", seq="marker.seq")} FROM marker
WHERE room_id = ? AND epoch = ? AND user_id IN ({{users}})
"""  # noqa: S608 (constants)
TELLING = """
message.text <> '' AND message.sender_id <> ?
  AND message.sender_id NOT IN (SELECT blocked_id FROM block WHERE user_id = ?)
"""
"""user id, user id: the condition that a message is there, and from somebody of whom the user is told"""
ROOMS = f"""
SELECT name, epoch, private, role, head_seq, read_seq,
  head_seq - acts - low + CASE WHEN acts = 0 THEN 0 ELSE COALESCE({NTH.format(room="found.id", seq="low")}, 0) END,
  (SELECT COUNT(DISTINCT mention.seq) FROM mention
    JOIN message ON message.room_id = mention.room_id AND message.seq = mention.seq
    WHERE mention.room_id = found.id AND mention.seq > low
      AND mention.user_id IN (?, '') AND {TELLING}),
  title
FROM (
  SELECT room.id, room.name, room.title, room.epoch, room.private, room.head_seq, room.acts,
    CASE WHEN room.owner = ? THEN 'owner' ELSE member.role END AS role,
    COALESCE(marker.seq, 0) AS read_seq,
    CASE WHEN marker.seq >= room.first_seq THEN marker.seq ELSE room.first_seq - 1 END AS low
  FROM (
    SELECT id FROM room WHERE owner = ? UNION SELECT room_id FROM member WHERE user_id = ?
    UNION SELECT room_id FROM marker WHERE user_id = ?
  ) AS mine
  JOIN room ON room.id = mine.id
  LEFT JOIN member ON member.room_id = room.id AND member.user_id = ?
  LEFT JOIN marker ON marker.room_id = room.id AND marker.user_id = ? AND marker.epoch = room.epoch
  WHERE NOT room.deleted AND (NOT room.private OR room.owner = ? OR member.role IS NOT NULL)
) AS found
"""  # noqa: E501, S608 (constants)
"""user id, ten times -> the fields of `ReadRoom`"""
AFTER = "WHERE name{collation} > ? ORDER BY name{collation} LIMIT ?"


class _Room(NamedTuple):
    id: int
    epoch: str
    first_seq: int
    acts: int


class ReaderTable:
    """The markers of one database. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store, self._stands = backend.sql(STORE), backend.sql(STANDS)
        self._room, self._nth_at = backend.sql(ROOM), backend.sql(NTH_AT)
        self._markers = backend.sql(MARKERS)
        self._rooms = backend.sql(ROOMS + AFTER.format(collation=backend.collation))

    def store(self, session: DatabaseSession, markers: Sequence[Marker]) -> list[Marker]:
        """Implements the hook `store_markers`. Raises `NotStored`."""
        # Sorted, so that the transactions of two nodes wait for each other in one order.
        given = sorted(markers, key=lambda marker: (marker.user_id, marker.room))
        try:
            with session.writing() as cursor:
                return self._put(cursor, given)
        except self._backend.data_errors:
            if len(given) == 1:
                return []  # a name or an id that the database can't hold
        return [found for marker in given for found in self.store(session, [marker])]

    def _put(self, cursor: Any, given: Sequence[Marker]) -> list[Marker]:
        rows = [
            (one.user_id, one.seq, one.generation, one.generation, one.user_id, one.room, one.epoch)
            for one in given
        ]
        stored = self._backend.fetch_each(cursor, self._store, rows) if rows else []
        smaller = [marker for marker, row in zip(given, stored, strict=True) if not row]
        keys = [(one.user_id, one.room, one.epoch) for one in smaller]
        stands = self._backend.fetch_each(cursor, self._stands, keys) if keys else []
        return [
            Marker(one.user_id, one.room, one.epoch, *row)
            for one, row in zip(smaller, stands, strict=True)
            if row and (one.seq != row[0] or one.generation not in (PRESENT, row[1]))
        ]

    def read(self, session: DatabaseSession, wanted: Mapping[str, Sequence[str]]) -> list[ReadState]:
        """Implements the hook `read_markers`. Raises `Unavailable`."""
        try:
            with session.reading() as cursor:
                return [one for room, users in wanted.items() for one in self._read(cursor, room, users)]
        except self._backend.data_errors:
            if len(wanted) == 1:
                return []
        return [one for room, users in wanted.items() for one in self.read(session, {room: users})]

    def _read(self, cursor: Any, name: str, users: Sequence[str]) -> list[ReadState]:
        cursor.execute(self._room, (name,))
        row = cursor.fetchone()
        if row is None:
            return []
        room = _Room(*row)
        pruned = self._number(cursor, room, room.first_seq - 1)
        found = {user: ReadState(user, name, room.epoch, 0, 0, pruned) for user in users}
        for start in range(0, len(users), MOST_NAMES):
            part = users[start : start + MOST_NAMES]
            marks = ", ".join([self._backend.database.param] * len(part))
            cursor.execute(self._markers.replace("{users}", marks), (room.id, room.epoch, *part))
            for user, seq, generation, nth in cursor.fetchall():
                number = seq - (nth or 0) if seq >= room.first_seq else pruned
                found[user] = ReadState(user, name, room.epoch, seq, generation, number)
        return list(found.values())

    def _number(self, cursor: Any, room: _Room, seq: int) -> int:
        """Return the number of messages up to `seq`."""
        if not room.acts:
            return seq
        cursor.execute(self._nth_at, (room.id, seq))
        return int(seq - (cursor.fetchone()[0] or 0))

    def rooms(self, session: DatabaseSession, user_id: str, after: str | None, limit: int) -> list[ReadRoom]:
        """Implements the hook `read_rooms_of`. Raises `Unavailable`."""
        try:
            with session.reading() as cursor:
                cursor.execute(self._rooms, (*[user_id] * 10, after or "", max(limit, 0)))
                rows = cursor.fetchall()
        except self._backend.data_errors:
            return []  # a name or an id that the database can't hold
        return [ReadRoom(name, epoch, bool(private), *rest) for name, epoch, private, *rest in rows]
