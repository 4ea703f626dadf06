"""Adds invites: links by which users become members of a room."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

ADDITIVE = True


def up(migrator: Any, database: Any) -> None:
    """Create the table. `migrator` is playhouse's."""

    class Room(peewee.Model):
        id = peewee.AutoField()

    class Invite(peewee.Model):
        digest = peewee.TextField(primary_key=True)
        id = peewee.TextField()
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE")
        role = peewee.TextField()
        by = peewee.TextField()
        created_at = peewee.DoubleField()
        expires_at = peewee.DoubleField()
        uses = peewee.IntegerField()
        used = peewee.IntegerField()

    database.bind([Room, Invite], bind_refs=False, bind_backrefs=False)
    database.create_tables([Invite], safe=False)
