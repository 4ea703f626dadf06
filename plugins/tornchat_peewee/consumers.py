"""The consumers of one database: their leases, and what they have not taken yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from peewee import JOIN, Case, Value, fn

from tornchat import ConsumerClaim, ConsumerState, Cursor, CursorMove, Unread
from tornchat_peewee.backend import Backend
from tornchat_peewee.cursors import cursor_models_of
from tornchat_peewee.log import Log
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, made, number, sound, text
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES


class ConsumerTable:
    """Consumers and their cursors. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models, log: Log) -> None:
        self._backend = backend
        self._room = models.room
        self._log = log
        self._consumer, self._cursor = cursor_models_of(backend.database, models.room)

    # --- leases ---

    def hold(
        self, session: DatabaseSession, holder: str, claims: Sequence[ConsumerClaim], seconds: float
    ) -> list[str]:
        """Implements the hook `hold_consumers`. Raises `NotStored`."""
        with session.writing() as cursor:
            self._backend.take_turns(cursor, "consumers")
            now = self._now(cursor)
            return [claim.name for claim in claims if self._hold(claim, holder, now, seconds)]

    def _now(self, cursor: Any) -> float:
        """Return the time of the database, which is the same for all nodes, in Unix seconds."""
        cursor.execute(self._backend.clock)
        return float(cursor.fetchone()[0])

    def _hold(self, claim: ConsumerClaim, holder: str, now: float, seconds: float) -> bool:
        consumer = self._consumer
        found = consumer.get_or_none(consumer.name == claim.name)
        if found is not None and found.holder != holder and found.until > now:
            return False
        if found is None:
            found = self._create(claim, int(now * 1000))
        self._settle_rooms(claim, found)
        lease = {
            "holder": holder if seconds else "",
            "until": now + seconds,
            "every_room": claim.rooms is None,
        }
        consumer.update(lease).where(consumer.name == claim.name).execute()
        return seconds > 0

    def _create(self, claim: ConsumerClaim, now_ms: int) -> Any:
        """Store a new consumer. Its cursors are those of one that begins at the end, or there are none."""
        every = claim.rooms is None
        row = {"name": claim.name, "holder": "", "until": 0.0, "every_room": every, "created_at": now_ms}
        self._consumer.insert(row).execute()
        if every and not claim.beginning:
            self._add_cursors(claim.name, self._room.head_seq, None)
        return self._consumer.get(self._consumer.name == claim.name)

    def _settle_rooms(self, claim: ConsumerClaim, found: Any) -> None:
        """Give the consumer its cursors if its rooms are others than before."""
        room, cursor = self._room, self._cursor
        if claim.rooms is None:
            if not found.every_room:
                self._add_cursors(claim.name, 0 if claim.beginning else room.head_seq, None)
            return
        names = list(claim.rooms)
        created_later = room.created_at >= found.created_at
        behind = room.head_seq if not claim.beginning else 0
        self._add_cursors(claim.name, 0, room.name.in_(names) & created_later)
        self._add_cursors(claim.name, behind, room.name.in_(names))
        others = room.select(room.id).where(room.name.not_in(names))
        cursor.delete().where((cursor.consumer == claim.name) & cursor.room.in_(others)).execute()

    def _add_cursors(self, name: str, seq: Any, rooms: Any) -> None:
        """Add a cursor in each of the rooms in which the consumer has none."""
        room, cursor = self._room, self._cursor
        mine = (cursor.consumer == name) & (cursor.room == room.id)
        missing = room.select(room.id, Value(name), seq, Value(""), Value(0.0)).where(
            ~fn.EXISTS(cursor.select(cursor.seq).where(mine)) & ~room.deleted
        )
        fields = [cursor.room, cursor.consumer, cursor.seq, cursor.error, cursor.failed_at]
        cursor.insert_from(missing if rooms is None else missing.where(rooms), fields).execute()

    # --- what is unread ---

    def _behind(self, *columns: Any) -> Any:
        """Return the query of consumers and rooms with unread entries, one row for each pair."""
        room, consumer, cursor = self._room, self._consumer, self._cursor
        mine = (cursor.consumer == consumer.name) & (cursor.room == room.id)
        rows = room.select(*columns).join(consumer, JOIN.CROSS).join(cursor, JOIN.LEFT_OUTER, on=mine)
        its_own = consumer.every_room | cursor.seq.is_null(False)
        some_left = room.first_seq <= room.head_seq  # not all of it was pruned
        return rows.where(its_own & (room.head_seq > self._reached()) & some_left & ~room.deleted)

    def _reached(self) -> Any:
        """Return the `seq` behind which a consumer's next entry is."""
        return fn.COALESCE(self._cursor.seq, 0)

    def find(
        self, session: DatabaseSession, consumers: Sequence[str], after: str | None, limit: int
    ) -> list[str]:
        """Implements the hook `find_unread`."""
        name = self._backend.by_code_point(self._room.name)
        rows = self._behind(self._room.name).where(self._consumer.name.in_(list(consumers)))
        if after is not None:
            rows = rows.where(name > after)
        with session.reading() as cursor:
            found = rows.group_by(self._room.name).order_by(name).limit(max(limit, 0))
            return sound("room", fetched(cursor, found), lambda row: text(row[0]))

    def read(self, session: DatabaseSession, wanted: Mapping[str, Sequence[str]], limit: int) -> list[Unread]:
        """Implements the hook `read_unread`."""
        with session.reading() as cursor:
            places = self._places(cursor, list(wanted))
        found: list[Unread] = []
        for room, private, positions in places:
            mine = {name: seq for name, seq in positions.items() if name in wanted[room]}
            found += self._pages(session, room, private, mine, limit)
        return found

    def _places(self, cursor: Any, names: list[str]) -> list[tuple[str, bool, dict[str, int]]]:
        room, consumer = self._room, self._consumer
        found: dict[str, tuple[str, bool, dict[str, int]]] = {}
        for start in range(0, len(names), MOST_NAMES):
            rows = self._behind(room.name, room.private, consumer.name, self._reached())
            here = rows.where(room.name.in_(names[start : start + MOST_NAMES]))
            for name, private, who, seq in sound("consumer_cursor", fetched(cursor, here), _place):
                found.setdefault(name, (name, bool(private), {}))[2][who] = seq
        return list(found.values())

    def _pages(
        self, session: DatabaseSession, room: str, private: bool, positions: dict[str, int], limit: int
    ) -> list[Unread]:
        """Read a page for each group of consumers whose cursors are close to each other."""
        found: list[Unread] = []
        while positions:
            page = self._log.read(session, room, min(positions.values()), None, limit)
            if page is None or not page.entries:
                break
            end = page.entries[-1].seq
            served = {name: seq for name, seq in positions.items() if seq < end}
            positions = {name: seq for name, seq in positions.items() if seq >= end}
            found.append(Unread(room, private, page, served))
        return found

    # --- cursors ---

    def move(self, session: DatabaseSession, holder: str, moves: Sequence[CursorMove]) -> None:
        """Implements the hook `move_cursors`. Raises `NotStored`."""
        consumer, room = self._consumer, self._room
        with session.writing() as cursor:
            held = {
                row for (row,) in consumer.select(consumer.name).where(consumer.holder == holder).tuples()
            }
            names = list({move.room for move in moves})
            rows = room.select(room.name, room.id, room.epoch).where(room.name.in_(names)).tuples()
            places = {(name, epoch): place for name, place, epoch in rows}
            now = self._now(cursor)
            for move in moves:
                place = places.get((move.room, move.epoch))
                if place is not None and move.consumer in held:
                    self._move(place, move, now)

    def _move(self, place: int, move: CursorMove, now: float) -> None:
        cursor = self._cursor
        values = {"seq": move.seq, "error": move.error, "failed_at": now if move.error else 0.0}
        row = {"room": place, "consumer": move.consumer, **values}
        at = (cursor.room == place) & (cursor.consumer == move.consumer) & (cursor.seq == move.before)
        if not cursor.update(values).where(at).execute() and move.before == 0:
            cursor.insert(row).on_conflict_ignore().execute()

    def set(self, session: DatabaseSession, consumer: str, room: str | None, seq: int | None) -> int:
        """Implements the hook `set_cursors`. Raises `NotStored`."""
        rooms, cursor = self._room, self._cursor
        with session.writing():
            found = self._consumer.get_or_none(self._consumer.name == consumer)
            if found is None:
                return 0
            wanted = rooms.select(rooms.id).where(~rooms.deleted)
            if room is not None:
                wanted = wanted.where(rooms.name == room)
            if found.every_room:
                self._add_cursors(consumer, 0, rooms.id.in_(wanted))
            head = rooms.select(rooms.head_seq).where(rooms.id == cursor.room)
            wish = head if seq is None else Case(None, [(head > max(seq, 0), max(seq, 0))], head)
            values = {"seq": wish, "error": "", "failed_at": 0.0}
            mine = (cursor.consumer == consumer) & cursor.room.in_(wanted)
            return int(cursor.update(values).where(mine).execute())

    def states(self, session: DatabaseSession) -> list[ConsumerState]:
        """Implements the hook `read_consumers`."""
        consumer, room = self._consumer, self._room
        unread = fn.SUM(room.head_seq - self._reached())
        with session.reading() as cursor:
            counted = self._behind(consumer.name, fn.COUNT(room.id), unread).group_by(consumer.name)
            behind = {name: (int(rooms), int(entries)) for name, rooms, entries in fetched(cursor, counted)}
            leases = fetched(cursor, consumer.select(consumer.name, consumer.holder, consumer.until))
            rows = [(*lease, *behind.get(lease[0], (0, 0))) for lease in leases]
        states = sound("consumer", rows, partial(made, ConsumerState, ConsumerState.__struct_fields__))
        return sorted(states, key=lambda state: state.name)

    def cursors(self, session: DatabaseSession, consumer: str, after: str | None, limit: int) -> list[Cursor]:
        """Implements the hook `read_cursors`."""
        room, cursor = self._room, self._cursor
        name = self._backend.by_code_point(room.name)
        error, failed = fn.COALESCE(cursor.error, ""), fn.COALESCE(cursor.failed_at, 0.0)
        rows = self._behind(room.name, self._reached(), room.head_seq, error, failed)
        rows = rows.where(self._consumer.name == consumer)
        if after is not None:
            rows = rows.where(name > after)
        with session.reading() as reader:
            found = fetched(reader, rows.order_by(name).limit(max(limit, 0)))
        return sound("consumer_cursor", found, partial(made, Cursor, Cursor.__struct_fields__))


def _place(row: Sequence[Any]) -> tuple[str, bool, str, int]:
    name, private, consumer, seq = row
    return text(name), bool(private), text(consumer), number(seq)
