"""Ranks of sanctions, sanctions of the whole site, users by their names, and the audit."""  # noqa: N999

from __future__ import annotations

from typing import Any

import peewee

COLUMNS = (
    "ALTER TABLE sanction ADD COLUMN rank TEXT NOT NULL DEFAULT 'admin'",
    "ALTER TABLE sanction ADD COLUMN since DOUBLE PRECISION NOT NULL DEFAULT 0",
    # Whoever set a sanction before had this rank if they still have their role in the room; else, to be safe,
    # the highest.
    "UPDATE sanction SET rank = 'moderator' WHERE EXISTS (SELECT 1 FROM member WHERE member.room_id = "
    "sanction.room_id AND member.user_id = sanction.\"by\" AND member.role = 'moderator')",
    "UPDATE sanction SET rank = 'owner' WHERE EXISTS (SELECT 1 FROM room WHERE room.id = sanction.room_id "
    'AND room.owner = sanction."by")',
)
SQLITE = (
    "CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
)
POSTGRES = (
    "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
    "CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit "
    "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()",
)


def up(migrator: Any, database: Any) -> None:
    """Add the columns and create the tables. `migrator` is playhouse's."""

    sqlite = isinstance(database, peewee.SqliteDatabase)

    class SiteSanction(peewee.Model):
        user_id = peewee.TextField()
        kind = peewee.TextField()
        until = peewee.DoubleField()
        by = peewee.TextField()
        rank = peewee.TextField()
        since = peewee.DoubleField()

        class Meta:
            primary_key = peewee.CompositeKey("user_id", "kind")
            table_name = "site_sanction"

    class KnownUser(peewee.Model):
        id = peewee.TextField(primary_key=True)
        username = peewee.TextField()
        name_key = peewee.TextField(index=True)
        roles = peewee.TextField()

        class Meta:
            table_name = "known_user"

    class Audit(peewee.Model):
        id = peewee.AutoField() if sqlite else peewee.BigAutoField()
        key = peewee.TextField(unique=True)
        at = peewee.BigIntegerField()
        actor = peewee.TextField(index=True)
        action = peewee.TextField()
        room = peewee.TextField(index=True)
        target = peewee.TextField(index=True)
        detail = peewee.TextField()

    database.bind([SiteSanction, KnownUser, Audit], bind_refs=False, bind_backrefs=False)
    for statement in COLUMNS:
        database.execute_sql(statement)
    database.create_tables([SiteSanction, KnownUser, Audit], safe=False)
    for statement in SQLITE if sqlite else POSTGRES:
        database.execute_sql(statement)
