"""Adds the ids of marks that stored nothing, since the user had the set already."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True
SQLITE = (
    # The ids of rooms are used again. A trigger works also for nodes of the version before this step.
    "CREATE TRIGGER standing_ends_with_its_room AFTER DELETE ON room "
    "BEGIN DELETE FROM standing WHERE room_id = OLD.id; END",
)


def up(migrator: Any, database: Any) -> None:
    """Create the table. `migrator` is playhouse's."""
    sqlite = isinstance(database, peewee.SqliteDatabase)

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Standing(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        sender_id = peewee.TextField()
        client_id = peewee.TextField()
        kind = peewee.TextField()
        target = peewee.BigIntegerField()
        position = peewee.BigIntegerField()
        digest = peewee.TextField(null=True)

        class Meta:
            primary_key = peewee.CompositeKey("room", "sender_id", "client_id")
            indexes = ((("room", "target"), False),)
            without_rowid = sqlite

    database.bind([Room, Standing], bind_refs=False, bind_backrefs=False)
    database.create_tables([Standing], safe=False)
    for statement in SQLITE if sqlite else ():
        database.execute_sql(statement)
