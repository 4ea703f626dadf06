"""Adds the markers of what users have read, and the mentions in their inboxes."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True
INDEXES = (
    "CREATE UNIQUE INDEX mention_of_user ON mention (user_id, room_id, seq)",
    "CREATE INDEX mention_in_inbox ON mention (user_id, id)",
    "CREATE INDEX mention_by_message ON mention (room_id, seq)",
    "CREATE INDEX marker_in_room ON marker (room_id)",
)
SQLITE = (
    # The ids of rooms are used again. A trigger works also for nodes of the version before this step.
    "CREATE TRIGGER markers_end_with_their_room AFTER DELETE ON room "
    "BEGIN DELETE FROM marker WHERE room_id = OLD.id; DELETE FROM mention WHERE room_id = OLD.id; END",
)


def up(migrator: Any, database: Any) -> None:
    """Create the tables. `migrator` is playhouse's.

    They have no foreign keys: checking one would wait for whoever stores messages in the room.
    """
    sqlite = isinstance(database, peewee.SqliteDatabase)

    class Marker(peewee.Model):
        user_id = peewee.TextField()
        room_id = peewee.IntegerField()
        epoch = peewee.TextField()
        seq = peewee.BigIntegerField()
        generation = peewee.BigIntegerField()

        class Meta:
            primary_key = peewee.CompositeKey("user_id", "room_id")
            without_rowid = sqlite

    class Mention(peewee.Model):
        id = peewee.BigAutoField()
        user_id = peewee.TextField()
        room_id = peewee.IntegerField()
        seq = peewee.BigIntegerField()

    database.bind([Marker, Mention], bind_refs=False, bind_backrefs=False)
    database.create_tables([Marker, Mention], safe=False)
    for statement in (*INDEXES, *(SQLITE if sqlite else ())):
        database.execute_sql(statement)
