"""Adds marks: a row per token of a user, a summary per message, and what an act has marked."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True
COLUMNS = ("ALTER TABLE message ADD COLUMN marks TEXT", "ALTER TABLE act ADD COLUMN mark TEXT")


def up(migrator: Any, database: Any) -> None:
    """Create the table and the columns. `migrator` is playhouse's."""

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Mark(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        target = peewee.BigIntegerField()
        kind = peewee.TextField()
        user_id = peewee.TextField()
        token = peewee.TextField()
        position = peewee.BigIntegerField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "target", "kind", "user_id", "token")
            without_rowid = isinstance(database, peewee.SqliteDatabase)

    database.bind([Room, Mark], bind_refs=False, bind_backrefs=False)
    database.create_tables([Mark], safe=False)
    for statement in COLUMNS:
        database.execute_sql(statement)
