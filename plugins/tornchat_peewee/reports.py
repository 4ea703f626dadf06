"""Reports of messages: they are deleted with the message."""

from __future__ import annotations

from functools import partial
from typing import Any

from tornchat import Report, ReportState, User
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rooms import visible
from tornchat_peewee.rows import fetched, made, sound
from tornchat_peewee.session import DatabaseSession

HIGHEST = 2**62
"""Upper limit for ids and positions, which fits the integers of every database."""


class ReportTable:
    """All reports of one database. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._message, self._report = models.room, models.message, models.report
        self._models = models

    def store(self, session: DatabaseSession, given: Report) -> bool | None:
        """Implements the hook `store_report`. Raises `NotStored`."""
        try:
            with session.writing():
                room = self._locked(given.room)
                if room is None or not self._is_there(room, given.seq):
                    return None
                row = {"room": room, "seq": given.seq, "reporter": given.reporter, "reason": given.reason}
                row |= {"at": given.at, "state": given.state, "closed_by": given.closed_by}
                added = self._report.insert(row).on_conflict_ignore().as_rowcount()
                return bool(added.execute())
        except self._backend.data_errors:
            return None

    def _locked(self, name: str) -> int | None:
        """Return the id of the room, locked until the transaction ends: its messages stay as they are."""
        wanted = self._room.select(self._room.id).where(self._room.name == name)
        return next((room.id for room in self._backend.locking(wanted)), None)

    def _is_there(self, room: int, seq: int) -> bool:
        message = self._message
        wanted = (message.room == room) & (message.seq == seq) & (message.text != "")
        return 0 < seq < HIGHEST and bool(message.select().where(wanted).exists())

    def read(
        self,
        session: DatabaseSession,
        user: User,
        room: str | None,
        state: ReportState | None,
        user_id: str | None,
        before: int | None,
        limit: int,
    ) -> list[Report]:
        """Implements the hook `read_reports`. Raises `Unavailable`."""
        report, message = self._report, self._message
        wanted = visible(self._models, user)
        if room is not None:
            wanted &= self._room.name == room
        if state is not None:
            wanted &= report.state == state
        if user_id is not None:
            wanted &= (report.reporter == user_id) | (message.sender_id == user_id)
        if before is not None:
            wanted &= report.id < min(max(before, 0), HIGHEST)
        try:
            with session.reading() as cursor:
                rows = self._joined().where(wanted).order_by(report.id.desc()).limit(max(limit, 0))
                return sound("report", fetched(cursor, rows), partial(made, Report, Report.__struct_fields__))
        except self._backend.data_errors:
            return []  # a name or an id that the database can't hold

    def _joined(self) -> Any:
        room, message, report = self._room, self._message, self._report
        own = (report.seq, report.reporter, report.reason, report.at, report.state, report.closed_by)
        rows = report.select(
            room.name, *own, report.id, message.sender_id, message.sender_username, message.text
        )
        of_it = (message.room == report.room) & (message.seq == report.seq)
        return rows.join(room, on=(report.room == room.id)).join(message, on=of_it)

    def close(
        self, session: DatabaseSession, room: str, report_id: int, state: ReportState, closed_by: str
    ) -> bool:
        """Implements the hook `close_report`. Raises `NotStored`."""
        report, place = self._report, self._room.select(self._room.id).where(self._room.name == room)
        wanted = (report.id == min(report_id, HIGHEST)) & report.room.in_(place) & (report.state == "open")
        try:
            with session.writing():
                closed = report.update(state=state, closed_by=closed_by).where(wanted)
                return bool(closed.execute())
        except self._backend.data_errors:
            return False
