"""Erasing a user: the messages lose text and sender, and all else that names the user is deleted."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from tornchat import ERASED, Draft, Mark, More
from tornchat_peewee.backend import Backend
from tornchat_peewee.batch import Batch
from tornchat_peewee.mentioned import Mentioned
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import EMPTIED, Statements

MESSAGE, ACT = "", "\n"
"""In the place of the kind of marks: a message, or an entry that acted on one."""
Place = tuple[int, str, int, str]
"""An entry, by id and name of its room and `seq`; or the marks of a kind that the user has on a message."""
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
                for what, table in ((MESSAGE, self._models.message), (ACT, self._models.act)):
                    rows = self._of(table, user_id).limit(max(limit - len(found), 0))
                    found += [(*row, what) for row in rows.tuples()]
                return found + list(self._marked(user_id).limit(max(limit - len(found), 0)).tuples())
        except self._backend.data_errors:
            return []  # an id that the database can't hold is nobody's

    def _of(self, table: Any, user_id: str) -> Any:
        room = self._models.room
        rows = table.select(room.id, room.name, table.seq).join(room, on=(table.room == room.id))
        return rows.where(table.sender_id == user_id)

    def _marked(self, user_id: str) -> Any:
        """Return the query of where the user has marks."""
        room, mark = self._models.room, self._models.mark
        columns = (room.id, room.name, mark.target, mark.kind)
        rows = mark.select(*columns).join(room, on=(mark.room == room.id))
        return rows.where(mark.user_id == user_id).distinct()

    def blank(self, session: DatabaseSession, user_id: str, places: Sequence[Place]) -> int:
        """Erase these entries, and append a deletion for each message. Raises `NotStored`."""
        drafts = [_deletion(name, seq) for _, name, seq, what in places if what == MESSAGE]
        marks = [(place, _unmarked(*place[1:])) for place in places if place[3] not in (MESSAGE, ACT)]
        markers = {draft.draft_id: user_id for _, draft in marks}
        with session.writing() as cursor:
            drafts += [draft for _, draft in marks]
            Batch(self._backend, self._sql, cursor, markers).append(drafts)
            count = sum(self._drop_left(user_id, place) for place, _ in marks)
            return count + self._unname(user_id, [place for place in places if place[3] in (MESSAGE, ACT)])

    def _drop_left(self, user_id: str, place: Place) -> int:
        """Delete marks on what is no message any more; return the number of sets that are gone: 1."""
        mark, (room, _, target, kind) = self._models.mark, place
        here = (mark.room == room) & (mark.target == target) & (mark.kind == kind)
        mark.delete().where(here & (mark.user_id == user_id)).execute()
        return 1

    def _unname(self, user_id: str, places: Sequence[Place]) -> int:
        """Replace the sender of these entries, which are still the user's."""
        count = 0
        nobody = {"text": "", "sender_id": ERASED.id, "sender_username": ERASED.username, "client_id": None}
        for (room, what), entries in groupby(sorted(places, key=_KEY), _KEY):
            seqs = [seq for _, _, seq, _ in entries]
            table = self._models.message if what == MESSAGE else self._models.act
            more = {"digest": None} if what == MESSAGE else {"digest": None, "mark": EMPTIED}
            theirs = (table.room == room) & table.seq.in_(seqs) & (table.sender_id == user_id)
            more |= dict.fromkeys(("meta", "data"))
            more |= dict.fromkeys(("reply_to", "mentions") if what == MESSAGE else ())
            count += table.update({**nobody, **more}).where(theirs).execute()
        return count

    def forget(self, session: DatabaseSession, user_id: str) -> None:
        """Delete all but the entries and the audit. Raises `NotStored`."""
        models = self._models
        try:
            with session.writing():
                theirs = models.member.select(models.member.room).where(models.member.user_id == user_id)
                models.room.update(direct_key=None).where(models.room.id.in_(theirs)).execute()
                for table in (
                    *(models.member, models.sanction, models.site_sanction),
                    *(models.marker, models.mention),
                ):
                    table.delete().where(table.user_id == user_id).execute()
                models.known_user.delete().where(models.known_user.id == user_id).execute()
                for table in (models.sanction, models.site_sanction):
                    table.update(by=ERASED.id).where(table.by == user_id).execute()
                models.standing.delete().where(models.standing.sender_id == user_id).execute()
                models.report.delete().where(models.report.reporter == user_id).execute()
                models.report.update(closed_by=ERASED.id).where(models.report.closed_by == user_id).execute()
                models.invite.delete().where(models.invite.by == user_id).execute()
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
    return _draft(room, seq, "deletion", None)


def _unmarked(room: str, seq: int, kind: str) -> Draft:
    return _draft(room, seq, kind, More(mark=Mark()))


def _draft(room: str, seq: int, kind: str, more: More | None) -> Draft:
    now = int(time.time() * 1000)
    identity = f"erased-{secrets.token_hex(8)}"
    return Draft(identity, room, ERASED.id, ERASED.username, "", now, None, kind, seq, more=more)
