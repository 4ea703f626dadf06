"""Whom users block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, sound, text
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES


class BlockTable:
    """All blocks of one database. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._block = models.block

    def read(self, session: DatabaseSession, user_id: str) -> list[str]:
        """Implements the hook `read_blocks`. Raises `Unavailable`."""
        block = self._block
        rows = block.select(block.blocked_id).where(block.user_id == user_id)
        try:
            with session.reading() as cursor:
                return sorted(sound("block", fetched(cursor, rows), _id))
        except self._backend.data_errors:
            return []  # an id that the database can't hold

    def set(self, session: DatabaseSession, user_id: str, blocked_id: str, limit: int) -> bool:
        """Implements the hook `set_block`. Raises `NotStored`."""
        block = self._block
        mine = block.user_id == user_id
        try:
            with session.writing() as cursor:
                self._backend.take_turns(cursor, user_id)
                if block.select().where(mine & (block.blocked_id == blocked_id)).exists():
                    return True
                if block.select().where(mine).count() >= limit:
                    return False
                block.insert(user_id=user_id, blocked_id=blocked_id).execute()
                return True
        except self._backend.data_errors:
            return False

    def lift(self, session: DatabaseSession, user_id: str, blocked_id: str) -> bool:
        """Implements the hook `lift_block`. Raises `NotStored`."""
        block = self._block
        mine = (block.user_id == user_id) & (block.blocked_id == blocked_id)
        try:
            with session.writing():
                return bool(block.delete().where(mine).execute())
        except self._backend.data_errors:
            return False

    def find(self, session: DatabaseSession, blocked_id: str, among: Sequence[str]) -> list[str]:
        """Implements the hook `find_blockers`. Raises `Unavailable`."""
        block, found = self._block, list[str]()
        of_them = block.select(block.user_id).where(block.blocked_id == blocked_id)
        try:
            with session.reading() as cursor:
                for start in range(0, len(among), MOST_NAMES):
                    part = list(among[start : start + MOST_NAMES])
                    found += sound("block", fetched(cursor, of_them.where(block.user_id.in_(part))), _id)
        except self._backend.data_errors:
            return []
        return found


def _id(row: Sequence[Any]) -> str:
    return text(row[0])
