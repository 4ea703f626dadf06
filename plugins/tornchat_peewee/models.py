"""The tables, as Peewee's models of one database."""

from __future__ import annotations

from typing import Any, NamedTuple

import peewee


class Models(NamedTuple):
    """The models that are bound to one database."""

    room: Any
    log: Any
    member: Any
    sanction: Any


def models_of(database: Any) -> Models:
    """Make the models for `database`: two chats in one process never share a model."""

    class Room(peewee.Model):
        """A room, and the bounds of its log. `created_at` is in milliseconds.

        `indexed_seq` is how far its log can be searched. One that is `deleted` only waits for its log to be
        cleared away; its name is nobody's.
        """

        id = peewee.AutoField()
        name = peewee.TextField(unique=True)
        epoch = peewee.TextField()
        private = peewee.BooleanField(default=False)
        owner = peewee.TextField(null=True, index=True)
        head_seq = peewee.BigIntegerField(default=0)
        first_seq = peewee.BigIntegerField(default=1)
        created_at = peewee.BigIntegerField()
        indexed_seq = peewee.BigIntegerField(default=0)
        deleted = peewee.BooleanField(default=False)

    class Log(peewee.Model):
        """What was said. After `room` the columns stand as the fields of `Entry`."""

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

    class Member(peewee.Model):
        """Who is more than a guest in a room; its owner stands in the room itself."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField(index=True)
        role = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id")

    class Sanction(peewee.Model):
        """Who may not be in a room or not speak there. `until` is in Unix seconds."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField()
        kind = peewee.TextField()
        until = peewee.DoubleField()
        by = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id", "kind")

    database.bind([Room, Log, Member, Sanction], bind_refs=False, bind_backrefs=False)
    return Models(Room, Log, Member, Sanction)
