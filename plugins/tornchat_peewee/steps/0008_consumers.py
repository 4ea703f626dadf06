"""Adds the consumers and their cursors."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True
SQLITE = (
    # The ids of rooms are used again. A trigger works also for nodes of the version before this step.
    "CREATE TRIGGER cursors_end_with_their_room AFTER DELETE ON room "
    "BEGIN DELETE FROM consumer_cursor WHERE room_id = OLD.id; END",
)


def up(migrator: Any, database: Any) -> None:
    """Create the tables. `migrator` is playhouse's."""
    sqlite = isinstance(database, peewee.SqliteDatabase)

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Consumer(peewee.Model):
        name = peewee.TextField(primary_key=True)
        holder = peewee.TextField()
        until = peewee.DoubleField()
        every_room = peewee.BooleanField()
        created_at = peewee.BigIntegerField()

    class Cursor(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        consumer = peewee.TextField()
        seq = peewee.BigIntegerField()
        error = peewee.TextField(default="")
        failed_at = peewee.DoubleField(default=0)

        class Meta:
            primary_key = peewee.CompositeKey("room", "consumer")
            table_name = "consumer_cursor"
            without_rowid = sqlite

    database.bind([Room, Consumer, Cursor], bind_refs=False, bind_backrefs=False)
    database.create_tables([Consumer, Cursor], safe=False)
    for statement in SQLITE if sqlite else ():
        database.execute_sql(statement)
