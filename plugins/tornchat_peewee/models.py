"""The Peewee models of the tables."""

from __future__ import annotations

from typing import Any, NamedTuple

import peewee


class Models(NamedTuple):
    """The models, bound to one database."""

    room: Any
    message: Any
    act: Any
    mark: Any
    thread: Any
    standing: Any
    member: Any
    sanction: Any
    site_sanction: Any
    known_user: Any
    audit: Any
    block: Any
    report: Any
    marker: Any
    mention: Any
    invite: Any


def models_of(database: Any) -> Models:
    """Create models bound to `database`, so that several chats in one process share none."""

    class Room(peewee.Model):
        """A room and the bounds of its log. `created_at` is Unix time in milliseconds.

        Entries up to `indexed_seq` are in the word index. A room with `deleted` set has a random name and
        remains until its rows have been deleted. `acts` is the number of entries that acted on messages.
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
        slow_seconds = peewee.IntegerField(default=0)
        acts = peewee.BigIntegerField(default=0)
        title = peewee.TextField(default="")
        topic = peewee.TextField(default="")
        direct = peewee.BooleanField(default=False)
        direct_key = peewee.TextField(null=True, unique=True)

    class Message(peewee.Model):
        """A message in its present state. `digest` is kept if the text can't stand for what was sent.

        `mentions`, `meta`, `marks` (`Tallies`) and `data` are JSON; NULL if there are none. A streamed
        message has a `status`, and the `seq` that closed it. While it is open, `text` is its beginning, and
        `grown`, a `Grown` in JSON, says how long it is with its pieces.
        """

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        seq = peewee.BigIntegerField()
        sender_id = peewee.TextField()
        sender_username = peewee.TextField()
        text = peewee.TextField()
        sent_at = peewee.BigIntegerField()
        draft_id = peewee.TextField()
        client_id = peewee.TextField(null=True)
        kind = peewee.TextField()
        revision = peewee.IntegerField()  # 0 by default, as the next two: a plain INSERT does not name them
        edited_at = peewee.BigIntegerField()
        position = peewee.BigIntegerField()
        reply_to = peewee.BigIntegerField(null=True)
        thread = peewee.BigIntegerField(null=True)
        mentions = peewee.TextField(null=True)
        meta = peewee.TextField(null=True)
        marks = peewee.TextField(null=True)
        data = peewee.TextField(null=True)
        status = peewee.TextField(null=True)
        closed = peewee.BigIntegerField(null=True)
        digest = peewee.TextField(null=True)
        grown = peewee.TextField(null=True)

        class Meta:
            primary_key = peewee.CompositeKey("room", "seq")

    class Act(peewee.Model):
        """An entry that acts on the message at `target`; it is the `nth` such entry of the room.

        `revision` is the target's from then on; NULL for a deletion. `before` is the text that the first
        edit replaced. `meta` and `data` are NULL if the target keeps its own. `mark` is a `Mark` in JSON,
        empty when the message was deleted; NULL if it is no mark. A piece of a streamed message has its
        `start` in the text; what closed the message has the `status`.
        """

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
        meta = peewee.TextField(null=True)
        mark = peewee.TextField(null=True)
        start = peewee.BigIntegerField(null=True)
        status = peewee.TextField(null=True)

        class Meta:
            primary_key = peewee.CompositeKey("room", "seq")

    class Mark(peewee.Model):
        """A token that a user has on the message at `target`. `position` is the entry that set it last."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        target = peewee.BigIntegerField()
        kind = peewee.TextField()
        user_id = peewee.TextField()
        token = peewee.TextField()
        position = peewee.BigIntegerField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "target", "kind", "user_id", "token")

    class Thread(peewee.Model):
        """The messages in the thread of the message at `root`: how many are not deleted, and the last one."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        root = peewee.BigIntegerField()
        count = peewee.BigIntegerField()
        last_seq = peewee.BigIntegerField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "root")

    class Standing(peewee.Model):
        """The id of a mark that stored nothing; its target was at `position` then.

        `digest` is that of the request; NULL if the message was deleted.
        """

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        sender_id = peewee.TextField()
        client_id = peewee.TextField()
        kind = peewee.TextField()
        target = peewee.BigIntegerField()
        position = peewee.BigIntegerField()
        digest = peewee.TextField(null=True)

        class Meta:
            primary_key = peewee.CompositeKey("room", "sender_id", "client_id")

    class Member(peewee.Model):
        """A membership. The owner is stored in the room instead."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField(index=True)
        role = peewee.TextField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id")

    class Sanction(peewee.Model):
        """Who may not be in a room or not speak there. `until` and `since` are in Unix seconds."""

        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        user_id = peewee.TextField()
        kind = peewee.TextField()
        until = peewee.DoubleField()
        by = peewee.TextField()
        rank = peewee.TextField()
        since = peewee.DoubleField()

        class Meta:
            primary_key = peewee.CompositeKey("room", "user_id", "kind")

    class SiteSanction(peewee.Model):
        """A sanction that holds in all rooms."""

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
        """A user who was let in once. `roles` is a list in JSON."""

        id = peewee.TextField(primary_key=True)
        username = peewee.TextField()
        name_key = peewee.TextField(index=True)
        roles = peewee.TextField()

        class Meta:
            table_name = "known_user"

    class Audit(peewee.Model):
        """What was done. `at` is in Unix milliseconds."""

        id = peewee.BigAutoField()
        key = peewee.TextField(unique=True)
        at = peewee.BigIntegerField()
        actor = peewee.TextField(index=True)
        action = peewee.TextField()
        room = peewee.TextField(index=True)
        target = peewee.TextField(index=True)
        detail = peewee.TextField()

    class Block(peewee.Model):
        """That a user does not want to see what another says."""

        user_id = peewee.TextField()
        blocked_id = peewee.TextField(index=True)

        class Meta:
            primary_key = peewee.CompositeKey("user_id", "blocked_id")

    class Invite(peewee.Model):
        """A link into a room, under the digest of its token. Times are in Unix seconds."""

        digest = peewee.TextField(primary_key=True)
        id = peewee.TextField()
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE")
        role = peewee.TextField()
        by = peewee.TextField()
        created_at = peewee.DoubleField()
        expires_at = peewee.DoubleField()
        uses = peewee.IntegerField()
        used = peewee.IntegerField()

    class Report(peewee.Model):
        """That somebody reported a message. `at` is in Unix milliseconds."""

        id = peewee.BigAutoField()
        room = peewee.ForeignKeyField(Room, on_delete="CASCADE", index=False)
        seq = peewee.BigIntegerField()
        reporter = peewee.TextField(index=True)
        reason = peewee.TextField()
        at = peewee.BigIntegerField()
        state = peewee.TextField(index=True)
        closed_by = peewee.TextField()

    class Marker(peewee.Model):
        """How far a user has read the room's log with this epoch. The larger of two markers counts."""

        user_id = peewee.TextField()
        room = peewee.ForeignKeyField(Room, index=False)
        epoch = peewee.TextField()
        seq = peewee.BigIntegerField()
        generation = peewee.BigIntegerField()

        class Meta:
            primary_key = peewee.CompositeKey("user_id", "room")

    class Mention(peewee.Model):
        """That the message at `seq` mentions a user, or everybody in the room if `user_id` is empty."""

        id = peewee.BigAutoField()
        user_id = peewee.TextField()
        room = peewee.ForeignKeyField(Room, index=False)
        seq = peewee.BigIntegerField()

    rooms = (Room, Message, Act, Mark, Thread, Standing, Member, Sanction)
    models = Models(*rooms, SiteSanction, KnownUser, Audit, Block, Report, Marker, Mention, Invite)
    database.bind(list(models), bind_refs=False, bind_backrefs=False)
    return models
