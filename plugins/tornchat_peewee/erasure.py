"""Erasing a user: the messages lose text and sender, and all else that names the user is deleted."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from tornchat import ERASED, Draft
from tornchat_peewee.backend import Backend
from tornchat_peewee.batch import Batch
from tornchat_peewee.mentioned import Mentioned
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import Statements

Place = tuple[int, str, int, bool]
"""An entry: id and name of its room, `seq`, and whether it is a message."""
_KEY = itemgetter(0, 3)


class Erasure:
    """Erases users from one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models, statements: Statements) -> None:
        self._backend = backend
        self._models = models
        self._sql = statements
        self.mentioned = Mentioned(backend, models)

    def find(self, session: DatabaseSession, user_id: str, limit: int) -> list[Place]:
        """Return at most `limit` entries of the user. Reads the whole log. Raises `Unavailable`."""
        try:
            with session.reading():
                found: list[Place] = []
                for is_message, table in ((True, self._models.message), (False, self._models.act)):
                    rows = self._of(table, user_id).limit(max(limit - len(found), 0))
                    found += [(*row, is_message) for row in rows.tuples()]
                return found
        except self._backend.data_errors:
            return []  # an id that the database can't hold is nobody's

    def _of(self, table: Any, user_id: str) -> Any:
        room = self._models.room
        rows = table.select(room.id, room.name, table.seq).join(room, on=(table.room == room.id))
        return rows.where(table.sender_id == user_id)

    def blank(self, session: DatabaseSession, user_id: str, places: Sequence[Place]) -> int:
        """Erase these entries, and append a deletion for each message. Raises `NotStored`."""
        with session.writing() as cursor:
            said = [(name, seq) for _, name, seq, is_message in places if is_message]
            Batch(self._backend, self._sql, cursor).append([_deletion(name, seq) for name, seq in said])
            return self._unname(user_id, places)

    def _unname(self, user_id: str, places: Sequence[Place]) -> int:
        """Replace the sender of these entries, which are still the user's."""
        count = 0
        nobody = {"text": "", "sender_id": ERASED.id, "sender_username": ERASED.username, "client_id": None}
        for (room, is_message), entries in groupby(sorted(places, key=_KEY), _KEY):
            seqs = [seq for _, _, seq, _ in entries]
            table = self._models.message if is_message else self._models.act
            theirs = (table.room == room) & table.seq.in_(seqs) & (table.sender_id == user_id)
            gone = dict.fromkeys(("digest", "meta"))
            if is_message:
                gone |= dict.fromkeys(("reply_to", "mentions"))
            count += table.update({**nobody, **gone}).where(theirs).execute()
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
