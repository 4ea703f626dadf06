"""Adds what messages say beyond their text, and the threads of messages."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True
STATEMENTS = (
    "ALTER TABLE message ADD COLUMN reply_to BIGINT",
    "ALTER TABLE message ADD COLUMN thread BIGINT",
    "ALTER TABLE message ADD COLUMN mentions TEXT",
    "ALTER TABLE message ADD COLUMN meta TEXT",
    "ALTER TABLE act ADD COLUMN meta TEXT",
    "CREATE INDEX message_in_thread ON message (room_id, thread, seq) WHERE thread IS NOT NULL",
)
SQLITE = (
    # The ids of rooms are used again. A trigger works also for nodes of the version before this step.
    "CREATE TRIGGER threads_end_with_their_room AFTER DELETE ON room "
    "BEGIN DELETE FROM thread WHERE room_id = OLD.id; END",
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns, create the table `thread`. `migrator` is playhouse's."""

    sqlite = isinstance(database, peewee.SqliteDatabase)

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Thread(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        root = peewee.BigIntegerField()
        count = peewee.BigIntegerField()
        last_seq = peewee.BigIntegerField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "root")
            without_rowid = sqlite

    database.bind([Room, Thread], bind_refs=False, bind_backrefs=False)
    for statement in STATEMENTS:
        database.execute_sql(statement)
    database.create_tables([Thread], safe=False)
    for statement in SQLITE if sqlite else ():
        database.execute_sql(statement)
