"""The Peewee models of the tables."""

from __future__ import annotations

from typing import Any, NamedTuple

import peewee


class Models(NamedTuple):
    """The models, bound to one database."""

    room: Any
    log: Any
    member: Any
    sanction: Any


def models_of(database: Any) -> Models:
    """Create models bound to `database`, so that several chats in one process share none."""

    class Room(peewee.Model):
        """A room and the bounds of its log. `created_at` is Unix time in milliseconds.

        Entries up to `indexed_seq` are in the word index. A room with `deleted` set has a random name and
        remains until its rows have been deleted.
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
        """An entry of a room's log. The columns after `room` are in the order of the fields of `Entry`."""

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
        """A membership. The owner is stored in the room instead."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField(index=True)
        role = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id")

    class Sanction(peewee.Model):
        """A ban or a mute. `until` is Unix time in seconds."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField()
        kind = peewee.TextField()
        until = peewee.DoubleField()
        by = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id", "kind")

    database.bind([Room, Log, Member, Sanction], bind_refs=False, bind_backrefs=False)
    return Models(Room, Log, Member, Sanction)
