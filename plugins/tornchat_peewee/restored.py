"""Detection of a database that is older than the positions handed out, as after restoring a backup."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.positions import Positions, key_of
from tornchat_peewee.rooms import new_epoch
from tornchat_peewee.rows import fetched, number, sound, text
from tornchat_peewee.session import DatabaseSession

MOST = 500
"""Maximum number of rooms per transaction, whose statements must all fit into its patience."""

Room = tuple[int, str, int]
"""Id, epoch and head of a room."""

logger = logging.getLogger("tornchat.peewee")


class Restored:
    """Assigns new epochs to rooms whose log went back, so that no client resumes over missing entries."""

    def __init__(self, backend: Backend, models: Models, positions: Positions) -> None:
        self._backend = backend
        self._room = models.room
        self._positions = positions

    def renew(self, session: DatabaseSession) -> None:
        """Renew the epochs of rooms whose head is behind a noted position, and log their number.

        In a database that other machines use, whose positions are not known here, all rooms get new epochs
        as soon as one has gone back. Raises `Unavailable` and `NotStored`.
        """
        self._positions.open()
        known = self._positions.known()  # before the heads are read, which are then not behind by themselves
        if not known:
            return
        rooms = [room for page in self._pages(session) for room in page]
        behind = [room for room in rooms if known.get(key_of(room[1]), 0) > room[2]]
        if not behind:
            return
        renewed = rooms if self._backend.shared else behind
        for start in range(0, len(renewed), MOST):
            self._renew(session, renewed[start : start + MOST])
        logger.warning(
            "The database is older than the positions handed out, as after restoring a backup. "
            "Rooms that went back: %d; rooms with new epochs, whose clients get a fresh history: %d.",
            len(behind),
            len(renewed),
            extra={"event": "restored", "rooms": len(renewed)},
        )

    def _pages(self, session: DatabaseSession) -> Iterator[Sequence[Room]]:
        room, last = self._room, 0
        while True:
            with session.reading() as cursor:
                query = room.select(room.id, room.epoch, room.head_seq).where(room.id > last)
                page = fetched(cursor, query.order_by(room.id).limit(MOST))
            if not page:
                return
            last = page[-1][0]
            yield sound("room", page, _room)

    def _renew(self, session: DatabaseSession, rooms: Sequence[Room]) -> None:
        room = self._room
        ids = [number for number, _, _ in rooms]
        with session.writing():
            # Locked as messages lock them, since another node may store some meanwhile.
            list(self._backend.locking(room.select(room.id).where(room.id.in_(ids))))
            for number, epoch, _ in rooms:  # unless another node, which found the same, was quicker
                same = (room.id == number) & (room.epoch == epoch)
                room.update(epoch=new_epoch()).where(same).execute()


def _room(row: Sequence[Any]) -> Room:
    return number(row[0]), text(row[1]), number(row[2])
