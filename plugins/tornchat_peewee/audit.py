"""The audit: rows that are appended, read and, after a long time, forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tornchat import AuditEntry
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, made, sound
from tornchat_peewee.session import DatabaseSession

FIELDS = ("key", "at", "actor", "action", "room", "target", "detail", "id")


class AuditTable:
    """One database's audit. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._audit = models.audit

    def record(self, session: DatabaseSession, entries: Sequence[AuditEntry]) -> None:
        """Implements the hook `record_audit`. Raises `NotStored`."""
        try:
            self._record(session, entries)
        except self._backend.data_errors:
            for entry in entries if len(entries) > 1 else ():  # one that can't be held harms no other
                self.record(session, [entry])

    def _record(self, session: DatabaseSession, entries: Sequence[AuditEntry]) -> None:
        audit = self._audit
        with session.writing() as cursor:
            self._backend.take_turns(cursor, "audit")  # so that ids become visible in their order
            for entry in entries:
                row = {
                    audit.key: entry.key,
                    audit.at: entry.at,
                    audit.actor: entry.actor,
                    audit.action: entry.action,
                    audit.room: entry.room,
                    audit.target: entry.target,
                    audit.detail: entry.detail,
                }
                audit.insert(row).on_conflict_ignore().execute()

    def read(
        self, session: DatabaseSession, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> list[AuditEntry]:
        """Implements the hook `read_audit`. Raises `Unavailable`."""
        audit = self._audit
        fields = (audit.key, audit.at, audit.actor, audit.action, audit.room, audit.target, audit.detail)
        rows = audit.select(*fields, audit.id).order_by(audit.id.desc()).limit(max(limit, 0))
        if before is not None:
            rows = rows.where(audit.id < min(max(before, 0), 2**62))
        if user_id is not None:
            rows = rows.where((audit.actor == user_id) | (audit.target == user_id))
        if room is not None:
            rows = rows.where(audit.room == room)
        try:
            with session.reading() as cursor:
                return sound("audit", fetched(cursor, rows), partial(made, AuditEntry, FIELDS))
        except self._backend.data_errors:
            return []  # a name or an id that the database can't hold

    def prune(self, session: DatabaseSession, before_ms: int, limit: int) -> int:
        """Implements the hook `prune_audit`. Raises `NotStored`."""
        audit = self._audit
        with session.writing():
            oldest = audit.select(audit.id).order_by(audit.id).limit(max(limit, 0))
            old = [number for (number,) in oldest.where(audit.at < before_ms).tuples()]
            return int(audit.delete().where(audit.id.in_(old)).execute()) if old else 0
