"""The SQL of the hot paths, generated once by Peewee and then passed to the driver unchanged."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models

MOST_NAMES = 500
"""Maximum number of names per statement; every supported database accepts as many."""


class Statements:
    """The statements for one database. Each is documented as: parameters -> result columns."""

    def __init__(self, backend: Backend, models: Models) -> None:
        room, log = models.room, models.log
        after_room = [field for field in log._meta.sorted_fields if field is not log.room]
        blank_row = dict.fromkeys(log._meta.sorted_fields, 0)
        entries = log.select(*after_room)
        place = (log.room == 0) & (log.seq == 0)
        same_client_id = (log.room == 0) & (log.sender_id == "") & (log.client_id == "")
        between = (log.room == 0) & (log.seq > 0) & (log.seq < 0)

        self.insert_entry = _sql(log.insert(blank_row).returning())
        """room id, then the fields of `Entry`"""
        self.move_head = _sql(room.update(head_seq=0).where(room.id == 0))
        """head seq, room id"""
        self.blank_text = _sql(log.update(text="").where(place))
        """the empty text, room id, seq"""
        self.drop_reports = _sql(models.report.delete().where(_reported(models.report)))
        """room id, seq"""
        self.kind_at = _sql(log.select(log.kind).where(place))
        """room id, seq -> kind"""
        self.said_before = _sql(entries.where(same_client_id))
        """room id, sender id, client id -> the fields of `Entry`"""
        self.bounds = _sql(
            room.select(room.id, room.epoch, room.first_seq, room.head_seq).where(room.name == "")
        )
        """name -> id, epoch, first seq, head seq"""
        self.room = _sql(
            room.select(room.epoch, room.private, room.owner, room.slow_seconds).where(room.name == "")
        )
        """name -> epoch, private, owner, seconds of slow mode"""
        self.oldest_between = _sql(entries.where(between).order_by(log.seq).limit(1))
        """room id, after, before, limit -> the fields of `Entry`"""
        self.newest_between = _sql(entries.where(between).order_by(log.seq.desc()).limit(1))
        """room id, after, before, limit -> the fields of `Entry`, newest first"""

        heads = room.select(room.name, room.id, room.epoch, room.head_seq)
        self._heads = lru_cache(maxsize=16)(
            lambda count: _sql(backend.locking(heads.where(room.name.in_([""] * count))))
        )
        positions = room.select(room.name, room.epoch, room.head_seq, room.first_seq)
        self._positions = lru_cache(maxsize=16)(
            lambda count: _sql(positions.where(room.name.in_([""] * count)))
        )

    def lock_heads(self, names: list[str]) -> tuple[str, list[str]]:
        """At most `MOST_NAMES` names -> name, id, epoch, head seq; the rows stay locked."""
        padded = _padded(names)
        return self._heads(len(padded)), padded

    def positions(self, names: list[str]) -> tuple[str, list[str]]:
        """At most `MOST_NAMES` names -> name, epoch, head seq, first seq."""
        padded = _padded(names)
        return self._positions(len(padded)), padded


def _reported(report: Any) -> Any:
    return (report.room == 0) & (report.seq == 0)


def _sql(query: Any) -> str:
    text: str = query.sql()[0]
    return text


def _padded(names: list[str]) -> list[str]:
    """Repeat the last name up to a power of two, so that only few statements must be prepared."""
    missing = (1 << (len(names) - 1).bit_length()) - len(names)
    return names + names[-1:] * missing
