"""Blocks, reports of messages, and slow mode."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

COLUMN = "ALTER TABLE room ADD COLUMN slow_seconds INTEGER NOT NULL DEFAULT 0"
"""As SQL, since playhouse would recreate the SQLite table, and dropping the old one would empty the log."""


def up(migrator: Any, database: Any) -> None:
    """Add the column and create the tables. `migrator` is playhouse's."""

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Block(peewee.Model):
        user_id = peewee.TextField()
        blocked_id = peewee.TextField(index=True)

        class Meta:
            primary_key = peewee.CompositeKey("user_id", "blocked_id")

    class Report(peewee.Model):
        id = peewee.AutoField() if isinstance(database, peewee.SqliteDatabase) else peewee.BigAutoField()
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        seq = peewee.BigIntegerField()
        reporter = peewee.TextField(index=True)
        reason = peewee.TextField()
        at = peewee.BigIntegerField()
        state = peewee.TextField(index=True)
        closed_by = peewee.TextField()

        class Meta:
            indexes = ((("room", "seq", "reporter"), True),)

    database.bind([Room, Block, Report], bind_refs=False, bind_backrefs=False)
    database.execute_sql(COLUMN)
    database.create_tables([Block, Report], safe=False)
