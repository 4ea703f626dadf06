"""Adds members, sanctions, the deletion of rooms and the word index."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

COLUMNS = (
    # As SQL, since playhouse would recreate the SQLite table, and dropping the old one would empty the log.
    "ALTER TABLE room ADD COLUMN indexed_seq BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE room ADD COLUMN deleted BOOLEAN NOT NULL DEFAULT FALSE",
)
SQLITE = ("CREATE VIRTUAL TABLE search USING fts5(words, detail = none, columnsize = 0, tokenize = 'ascii')",)
POSTGRES = (
    "CREATE TABLE search ("
    "room_id INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE, "
    "seq BIGINT NOT NULL, words TSVECTOR NOT NULL, PRIMARY KEY (room_id, seq))",
    "CREATE INDEX search_words ON search USING gin (words)",
    'CREATE INDEX room_name_by_code_point ON room (name COLLATE "C")',
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns, tables and indexes."""

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Member(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField(index=True)
        role = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id")

    class Sanction(peewee.Model):
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField()
        kind = peewee.TextField()
        until = peewee.DoubleField()
        by = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id", "kind")

    database.bind([Room, Member, Sanction], bind_refs=False, bind_backrefs=False)
    database.create_tables([Member, Sanction], safe=False)
    own = SQLITE if isinstance(database, peewee.SqliteDatabase) else POSTGRES
    for statement in (*COLUMNS, *own):
        database.execute_sql(statement)
