"""The tables of the consumers and of their cursors."""

from __future__ import annotations

from typing import Any, NamedTuple

import peewee


class CursorModels(NamedTuple):
    """The models, bound to one database."""

    consumer: Any
    cursor: Any


def cursor_models_of(database: Any, rooms: Any) -> CursorModels:
    """Create models bound to `database`; `rooms` is the model of its rooms."""

    class Consumer(peewee.Model):
        """A consumer and its lease. `until` is in Unix seconds, `created_at` in Unix milliseconds.

        One with `every_room` begins at the first entry of a room in which it has no cursor; any other has
        cursors in its rooms only.
        """

        name = peewee.TextField(primary_key=True)
        holder = peewee.TextField()
        until = peewee.DoubleField()
        every_room = peewee.BooleanField()
        created_at = peewee.BigIntegerField()

    class Cursor(peewee.Model):
        """The `seq` up to which a consumer has taken a log. `failed_at` is in Unix seconds."""

        room = peewee.ForeignKeyField(rooms, on_delete="CASCADE", index=False)
        consumer = peewee.TextField()
        seq = peewee.BigIntegerField()
        error = peewee.TextField(default="")
        failed_at = peewee.DoubleField(default=0)

        class Meta:
            primary_key = peewee.CompositeKey("room", "consumer")
            table_name = "consumer_cursor"

    models = CursorModels(Consumer, Cursor)
    database.bind(list(models), bind_refs=False, bind_backrefs=False)
    return models
