"""Erasing a user: the messages lose text and sender, and all else that names the user is deleted."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from tornchat import ERASED, Draft
from tornchat_peewee.backend import Backend
from tornchat_peewee.batch import Batch
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import Statements

Place = tuple[int, str, int, str]
"""An entry: id and name of its room, `seq`, kind."""


class Erasure:
    """Erases users from one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models, statements: Statements) -> None:
        self._backend = backend
        self._models = models
        self._sql = statements

    def find(self, session: DatabaseSession, user_id: str, limit: int) -> list[Place]:
        """Return at most `limit` entries of the user. Reads the whole log. Raises `Unavailable`."""
        room, log = self._models.room, self._models.log
        rows = log.select(room.id, room.name, log.seq, log.kind).join(room, on=(log.room == room.id))
        try:
            with session.reading():
                return list(rows.where(log.sender_id == user_id).limit(max(limit, 0)).tuples())
        except self._backend.data_errors:
            return []  # an id that the database can't hold is nobody's

    def blank(self, session: DatabaseSession, user_id: str, places: Sequence[Place]) -> int:
        """Erase these entries, and append a deletion for each message. Raises `NotStored`."""
        with session.writing() as cursor:
            said = [(name, seq) for _, name, seq, kind in places if kind == "message"]
            Batch(self._backend, self._sql, cursor).append([_deletion(name, seq) for name, seq in said])
            return self._unname(user_id, places)

    def _unname(self, user_id: str, places: Sequence[Place]) -> int:
        """Replace the sender of these entries, which are still the user's."""
        log, count = self._models.log, 0
        nobody = {"text": "", "sender_id": ERASED.id, "sender_username": ERASED.username, "client_id": None}
        for room, entries in groupby(sorted(places), itemgetter(0)):
            seqs = [seq for _, _, seq, _ in entries]
            theirs = (log.room == room) & log.seq.in_(seqs) & (log.sender_id == user_id)
            count += log.update(nobody).where(theirs).execute()
        return count

    def forget(self, session: DatabaseSession, user_id: str) -> None:
        """Delete all but the entries and the audit. Raises `NotStored`."""
        models = self._models
        try:
            with session.writing():
                for table in (models.member, models.sanction, models.site_sanction):
                    table.delete().where(table.user_id == user_id).execute()
                models.known_user.delete().where(models.known_user.id == user_id).execute()
                for table in (models.sanction, models.site_sanction):
                    table.update(by=ERASED.id).where(table.by == user_id).execute()
                models.report.delete().where(models.report.reporter == user_id).execute()
                models.report.update(closed_by=ERASED.id).where(models.report.closed_by == user_id).execute()
                blocks = (models.block.user_id == user_id) | (models.block.blocked_id == user_id)
                models.block.delete().where(blocks).execute()
                models.room.update(owner=None).where(models.room.owner == user_id).execute()
        except self._backend.data_errors:
            return  # an id that the database can't hold

    def unpurged(self, session: DatabaseSession) -> int:
        """Return a number other than 0 if deleted words are left in the index. Raises `Unavailable`."""
        with session.reading() as cursor:
            return self._backend.index.unpurged(cursor)

    def purged(self, session: DatabaseSession, number: int) -> None:
        """Note that what `unpurged` gave `number` for is purged. Raises `NotStored`."""
        with session.writing() as cursor:
            self._backend.index.purged(cursor, number)
        session.erase()

    def purge(self, session: DatabaseSession, first: bool) -> bool:
        """Remove some of the deleted data from the database files; return whether there may be more."""
        with session.writing() as cursor:
            more = self._backend.index.purge(cursor, first)
        if not more:
            session.erase()
        return more


def _deletion(room: str, seq: int) -> Draft:
    now = int(time.time() * 1000)
    identity = f"erased-{secrets.token_hex(8)}"
    return Draft(identity, room, ERASED.id, ERASED.username, "", now, None, "deletion", seq)
