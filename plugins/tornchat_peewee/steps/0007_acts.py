"""Adds the entries that act on messages, and moves the deletions to them.

The table of messages gets another name, so that a node of the version before fails instead of showing such
entries as messages.
"""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = False
MINIMUM = "0.1.0"
WAY_BACK = "Stop all nodes, restore the backup, and run `tornchat migrate --new-epochs`."

STATEMENTS = (
    "ALTER TABLE log RENAME TO message",
    "ALTER TABLE message ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE message ADD COLUMN edited_at BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE message ADD COLUMN position BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE message ADD COLUMN digest TEXT",
    "ALTER TABLE room ADD COLUMN acts BIGINT NOT NULL DEFAULT 0",
)
MOVE = (
    "INSERT INTO act (room_id, seq, nth, target, kind, sender_id, sender_username, sent_at, draft_id, "
    "client_id, text) SELECT room_id, seq, row_number() OVER (PARTITION BY room_id ORDER BY seq), "
    "COALESCE(target, 0), kind, sender_id, sender_username, sent_at, draft_id, client_id, '' FROM message "
    "WHERE kind <> 'message'",
    "DELETE FROM message WHERE kind <> 'message'",
    "UPDATE message SET position = last.seq FROM (SELECT room_id, target, max(seq) AS seq FROM act "
    "GROUP BY room_id, target) AS last WHERE message.room_id = last.room_id AND message.seq = last.target",
    "UPDATE room SET acts = (SELECT count(*) FROM act WHERE act.room_id = room.id)",
)


def up(migrator: Any, database: Any) -> None:
    """Rename the table, add the columns, create the table `act`. `migrator` is playhouse's."""

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Act(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        seq = peewee.BigIntegerField()
        nth = peewee.BigIntegerField()
        target = peewee.BigIntegerField()
        kind = peewee.TextField()
        sender_id = peewee.TextField()
        sender_username = peewee.TextField()
        sent_at = peewee.BigIntegerField()
        draft_id = peewee.TextField()
        client_id = peewee.TextField(null=True)
        text = peewee.TextField()
        revision = peewee.IntegerField(null=True)
        before = peewee.TextField(null=True)
        data = peewee.TextField(null=True)
        digest = peewee.TextField(null=True)

        class Meta:
            primary_key = peewee.CompositeKey("room", "seq")
            without_rowid = isinstance(database, peewee.SqliteDatabase)

    Act.add_index(Act.index(Act.room, Act.target, Act.seq))
    done_once = (Act.room, Act.sender_id, Act.client_id)
    Act.add_index(Act.index(*done_once, unique=True, where=Act.client_id.is_null(False)))
    database.bind([Room, Act], bind_refs=False, bind_backrefs=False)
    for statement in STATEMENTS:
        database.execute_sql(statement)
    database.create_tables([Act], safe=False)
    for statement in MOVE:
        database.execute_sql(statement)
