"""Creates the tables of rooms and logs. Logs are clustered by room and `seq`."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee


def up(migrator: Any, database: Any) -> None:
    """Create the tables `room` and `log`."""

    class Room(peewee.Model):
        id = peewee.AutoField()
        name = peewee.TextField(unique=True)
        epoch = peewee.TextField()
        private = peewee.BooleanField(default=False)
        owner = peewee.TextField(null=True, index=True)
        head_seq = peewee.BigIntegerField(default=0)
        first_seq = peewee.BigIntegerField(default=1)
        created_at = peewee.BigIntegerField()

    class Log(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        seq = peewee.BigIntegerField()
        sender_id = peewee.TextField()
        sender_username = peewee.TextField()
        text = peewee.TextField()
        sent_at = peewee.BigIntegerField()
        draft_id = peewee.TextField()
        client_id = peewee.TextField(null=True)
        kind = peewee.TextField()
        target = peewee.BigIntegerField(null=True)

        class Meta:
            primary_key = peewee.CompositeKey("room", "seq")
            without_rowid = isinstance(database, peewee.SqliteDatabase)

    said_once = Log.index(
        Log.room, Log.sender_id, Log.client_id, unique=True, where=Log.client_id.is_null(False)
    )
    Log.add_index(said_once)
    database.bind([Room, Log], bind_refs=False, bind_backrefs=False)
    database.create_tables([Room, Log], safe=False)
