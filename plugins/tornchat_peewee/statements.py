"""The SQL of the hot paths, generated once by Peewee and then passed to the driver unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import peewee
from msgspec.structs import replace

from tornchat import Entry, Mark, Mentions, More, Replies, Tally
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import made

MOST_NAMES = 500
"""Maximum number of names per statement; every supported database accepts as many."""
MOST_LOOKED_THROUGH = 5000
"""Number of last entries of a log that are searched for the messages of a user."""
SEPARATOR = "\n"
"""Between the tokens of a set; no token has it."""
tallies_of = msgspec.json.Decoder(dict[str, dict[str, Tally]]).decode
mark_of = msgspec.json.Decoder(Mark).decode
_encode = msgspec.json.Encoder().encode
_decode_mentions = msgspec.json.Decoder(Mentions).decode
_decode_object = msgspec.json.Decoder(dict[str, object]).decode


class Statements:
    """The statements for one database. Each is documented as: parameters -> result columns."""

    def __init__(self, backend: Backend, models: Models) -> None:
        room, message = models.room, models.message
        entries = message.select(*message_fields(models))
        place = (message.room == 0) & (message.seq == 0)
        between = (message.room == 0) & (message.seq > 0) & (message.seq < 0)
        plain = dict.fromkeys((message.room, *message_fields(models)[:8]), 0)

        self.insert_plain = sql_of(message.insert(plain).returning())
        """room id, then the first eight fields of `Entry`"""
        self.insert_message = sql_of(message.insert({**plain, message.digest: ""}).returning())
        """room id, then the first eight fields of `Entry`, digest"""
        said_more = (message.reply_to, message.thread, message.mentions, message.meta, message.data)
        more = (*said_more, message.digest)
        self.insert_with_more = sql_of(message.insert({**plain, **dict.fromkeys(more, 0)}).returning())
        """room id, then the first eight fields of `Entry`, the columns of `more_columns`, digest"""
        self.move_head = sql_of(room.update(head_seq=0).where(room.id == 0))
        """head seq, room id"""
        kept = (message.grown, message.digest)
        self.message_at = sql_of(message.select(*message_fields(models), *kept).where(place))
        """room id, seq -> the columns of `message_of`, grown, digest"""
        said = (message.room == 0) & (message.sender_id == "") & (message.client_id == "")
        self.said_before = sql_of(message.select(*message_fields(models), message.digest).where(said))
        """room id, sender id, client id -> the columns of `message_of`, digest"""
        since = (message.room == 0) & (message.sender_id == "") & (message.sent_at > 0) & (message.seq > 0)
        last = message.select(message.sent_at).where(since).order_by(message.seq.desc())
        self.said_since = sql_of(last.limit(1))
        """room id, sender id, time, seq, 1 -> when the sender's last message after both was sent"""
        self.drop_reports = sql_of(models.report.delete().where(_reported(models.report)))
        """room id, seq"""
        self.bounds = sql_of(
            room.select(room.id, room.epoch, room.first_seq, room.head_seq, room.acts).where(room.name == "")
        )
        """name -> id, epoch, first seq, head seq, number of acts"""
        self.room = sql_of(
            room.select(
                *(room.epoch, room.private, room.owner, room.slow_seconds),
                *(room.title, room.topic, room.direct),
            ).where(room.name == "")
        )
        """name -> epoch, private, owner, seconds of slow mode, title, topic, direct"""
        self.oldest_between = sql_of(entries.where(between).order_by(message.seq).limit(1))
        """room id, after, before, limit -> the columns of `message_of`"""
        self.newest_between = sql_of(entries.where(between).order_by(message.seq.desc()).limit(1))
        """room id, after, before, limit -> the columns of `message_of`, newest first"""
        self._acting(models)
        self._mentioning(models)
        self._marking(backend, models)
        self._standing(models)
        self._threads(models)
        self._streams(models, {**plain, **dict.fromkeys(more, 0)})

        heads = room.select(room.name, room.id, room.epoch, room.head_seq, room.acts)
        self._heads = lru_cache(maxsize=16)(
            lambda count: sql_of(backend.locking(heads.where(room.name.in_([""] * count))))
        )
        positions = room.select(room.name, room.epoch, room.head_seq, room.first_seq, room.acts)
        self._positions = lru_cache(maxsize=16)(
            lambda count: sql_of(positions.where(room.name.in_([""] * count)))
        )

    def _acting(self, models: Models) -> None:
        message, act = models.message, models.act
        done = (act.room == 0) & (act.sender_id == "") & (act.client_id == "")
        here = (message.room == 0) & (message.seq == 0)
        between = (act.room == 0) & (act.seq > 0) & (act.seq < 0)

        self.insert_act = sql_of(act.insert(dict.fromkeys(act._meta.sorted_fields, 0)).returning())
        """the columns of `Act`"""
        self.done_before = sql_of(act.select(*act_fields(models), act.digest).where(done))
        """room id, sender id, client id -> the columns of `act_of`, digest"""
        self.acts_between = sql_of(act.select(*act_fields(models)).where(between).order_by(act.seq))
        """room id, after, before -> the columns of `act_of`, oldest first"""
        last = act.select(act.nth).where((act.room == 0) & (act.seq <= 0))
        self.nth_at = sql_of(last.order_by(act.seq.desc()).limit(1))
        """room id, seq, 1 -> nth of the last act up to this seq"""
        new = {message.text: "", message.revision: 0, message.edited_at: 0, message.position: 0}
        said = [message.reply_to, message.mentions, message.meta, message.marks, message.data, message.digest]
        said += [message.status, message.closed, message.grown]
        self.set_message = sql_of(message.update({**new, **dict.fromkeys(said, "")}).where(here))
        """text, revision, edited at, position, reply to, mentions, meta, marks, data, status, closed, digest,
        grown, room id, seq"""
        emptied = {act.text: "", act.mark: EMPTIED}
        emptied |= dict.fromkeys((act.before, act.data, act.digest, act.meta))
        self.empty_acts = sql_of(act.update(emptied).where((act.room == 0) & (act.target == 0)))
        """"", None, None, None, None, room id, target"""
        since = (act.room == 0) & (act.seq > 0) & (act.target <= 0)
        touched = message.seq.in_(act.select(act.target).where(since))
        changed = message.select(*message_fields(models)).where((message.room == 0) & touched)
        self.changed = sql_of(changed.where(message.text != "").order_by(message.seq).limit(1))
        """room id, room id, since, since, "", limit -> the columns of `message_of`"""
        room = models.room
        self.count_acts = sql_of(room.update(acts=0).where(room.id == 0))
        """number of acts, room id"""
        self.indexed = sql_of(room.select(room.indexed_seq).where(room.id == 0))
        """room id -> the last indexed seq"""

    def _mentioning(self, models: Models) -> None:
        mention = models.mention
        row = dict.fromkeys((mention.user_id, mention.room, mention.seq), 0)
        self.insert_mention = sql_of(mention.insert(row).returning())
        """user id, room id, seq"""
        self.drop_mentions = sql_of(mention.delete().where((mention.room == 0) & (mention.seq == 0)))
        """room id, seq"""

    def _marking(self, backend: Backend, models: Models) -> None:
        message, mark = models.message, models.mark
        here = (message.room == 0) & (message.seq == 0)
        theirs = (mark.room == 0) & (mark.target == 0) & (mark.kind == "") & (mark.user_id == "")

        self.marks_of = sql_of(mark.select(joined(backend, mark.token)).where(theirs))
        """`SEPARATOR`, room id, target, kind, user id -> the tokens, joined"""
        self.set_marks = sql_of(message.update({message.position: 0, message.marks: ""}).where(here))
        """position, marks, room id, seq"""
        self.insert_mark = sql_of(mark.insert(dict.fromkeys(mark._meta.sorted_fields, 0)).returning())
        """the columns of `Mark`"""
        self.drop_set = sql_of(mark.delete().where(theirs))
        """room id, target, kind, user id"""
        self.drop_marks = sql_of(mark.delete().where((mark.room == 0) & (mark.target == 0)))
        """room id, target"""

    def _standing(self, models: Models) -> None:
        standing = models.standing
        said = (standing.room == 0) & (standing.sender_id == "") & (standing.client_id == "")
        columns = (standing.kind, standing.target, standing.position, standing.digest)

        self.stood_before = sql_of(standing.select(*columns).where(said))
        """room id, sender id, client id -> kind, target, position, digest"""
        row = dict.fromkeys((standing.room, standing.sender_id, standing.client_id, *columns), 0)
        self.insert_standing = sql_of(standing.insert(row).returning())
        """room id, sender id, client id, kind, target, position, digest"""
        here = (standing.room == 0) & (standing.target == 0)
        self.empty_standing = sql_of(standing.update({standing.digest: None}).where(here))
        """None, room id, target"""

    def _threads(self, models: Models) -> None:
        thread = models.thread
        self.oldest_in_thread = _in_thread(models, newest=False)
        """room id, room id, after, before, root, limit -> the columns of `message_of`"""
        self.newest_in_thread = _in_thread(models, newest=True)
        """room id, room id, after, before, root, limit -> the columns of `message_of`, newest first"""
        columns = (thread.root, thread.count, thread.last_seq)
        roots = (thread.room == 0) & (thread.root >= 0) & (thread.root <= 0)
        self.threads = sql_of(thread.select(*columns).where(roots))
        """room id, first root, last root -> root, count, last seq"""
        grown = {
            thread.count: thread.count + peewee.EXCLUDED.count,
            thread.last_seq: peewee.EXCLUDED.last_seq,
        }
        row = dict.fromkeys((thread.room, *columns), 0)
        added = thread.insert(row).on_conflict(conflict_target=[thread.room, thread.root], update=grown)
        self.add_replies = sql_of(added.returning())
        """room id, root, number of new messages, seq of the last one"""
        here = (thread.room == 0) & (thread.root == 0)
        self.drop_replies = sql_of(thread.update({thread.count: thread.count - 1}).where(here))
        """number of deleted messages, room id, root"""

    def _streams(self, models: Models, row: dict[Any, Any]) -> None:
        """`row`: the columns of a message that says more than a text."""
        message, act, room = models.message, models.act, models.room
        here = (message.room == 0) & (message.seq == 0)
        pieces = (act.room == 0) & (act.target == 0) & act.start.is_null(False)

        self.insert_streamed = sql_of(
            message.insert({**row, message.status: "", message.grown: ""}).returning()
        )
        """the parameters of `insert_with_more`, with status before and grown after the digest"""
        self.set_grown = sql_of(message.update({message.position: 0, message.grown: ""}).where(here))
        """position, grown, room id, seq"""
        self.pieces = sql_of(act.select(act.text).where(pieces).order_by(act.seq))
        """room id, target -> texts, in their order"""
        self.piece_rows = sql_of(act.select(*act._meta.sorted_fields).where(pieces).order_by(act.seq))
        """room id, target -> the columns of `Act`, in their order"""
        self.drop_pieces = sql_of(act.delete().where(pieces))
        """room id, target"""
        columns = (room.name, room.epoch, message.seq, message.sender_id, message.sender_username)
        found = message.select(*columns, message.grown).join(room, on=(message.room == room.id))
        # not as parameters, with which the databases would not use the index of open messages
        is_open = peewee.SQL("status = 'open' AND text <> ''")
        self.open = sql_of(found.where(is_open & (room.deleted == False)).limit(1))  # noqa: E712
        """False, limit -> room, epoch, seq, sender id, sender username, grown"""

    def lock_heads(self, names: list[str]) -> tuple[str, list[str]]:
        """At most `MOST_NAMES` names -> name, id, epoch, head seq, number of acts; the rows stay locked."""
        given = padded(names)
        return self._heads(len(given)), given

    def positions(self, names: list[str]) -> tuple[str, list[str]]:
        """At most `MOST_NAMES` names -> name, epoch, head seq, first seq."""
        given = padded(names)
        return self._positions(len(given)), given


EMPTIED = peewee.SQL("substr(mark, 1, 0)")
"""In the place of what an act has marked: it stays a mark, or none."""


def joined(backend: Backend, token: Any) -> Any:
    """Return the expression for the tokens of several rows."""
    return getattr(peewee.fn, backend.join)(token, SEPARATOR)


def message_fields(models: Models) -> list[Any]:
    """Return the columns of `message_of`; the first eight are the first fields of `Entry`."""
    hidden = ("room", "digest", "grown")
    return [field for field in models.message._meta.sorted_fields if field.name not in hidden]


def act_fields(models: Models) -> list[Any]:
    """Return the columns of `act_of`."""
    act = models.act
    sender = [act.sender_id, act.sender_username]
    return [
        act.seq,
        *sender,
        act.text,
        act.sent_at,
        act.draft_id,
        act.client_id,
        act.kind,
        act.target,
        act.revision,
        act.meta,
        act.mark,
        act.data,
        act.start,
        act.status,
    ]


def _in_thread(models: Models, newest: bool) -> str:
    """Select by the seqs, which alone are in the index: SQLite would not use it for whole rows."""
    message, its = models.message, models.message.alias()
    between = (its.room == 0) & (its.seq > 0) & (its.seq < 0) & (its.thread == 0)
    order, outer = (its.seq.desc(), message.seq.desc()) if newest else (its.seq, message.seq)
    seqs = its.select(its.seq).where(between).order_by(order).limit(1)
    entries = message.select(*message_fields(models)).where((message.room == 0) & message.seq.in_(seqs))
    return sql_of(entries.order_by(outer))


def message_of(row: Sequence[Any]) -> Entry:
    """Return the message in a row of the columns `message_fields`; further columns are ignored.

    An open one has the text of its row only, without its pieces.
    """
    revision, edited_at, position, reply_to, thread, mentions, meta, marks, data = row[8:17]
    status, closed = row[17:19]
    if not row[3]:  # also if it was deleted by a version that does not know these columns
        reply_to = mentions = meta = marks = data = status = closed = None
    if not position and reply_to is thread is mentions is meta is data is status is None:
        return Entry(*row[:8])
    more = More(
        revision=revision,
        edited_at=edited_at,
        position=position,
        reply_to=reply_to,
        thread=thread,
        mentions=_mentions_of(mentions),
        meta=_object_of(meta),
        data=_object_of(data),
        marks=tallies_of(marks) if marks else {},
        status=status or "",
        closed=closed or 0,
    )
    return replace(Entry(*row[:8]), more=more)


def act_of(row: Sequence[Any]) -> Entry:
    """Return the entry in a row of the columns `act_fields`; further columns are ignored."""
    revision, meta, mark, data, start, status = row[9:15]
    entry = Entry(*row[:9])
    if revision is None:
        return entry
    set_by = None if mark is None else mark_of(mark) if mark else Mark()
    more: Any = {"meta": _object_of(meta), "data": _object_of(data), "mark": set_by, "offset": start}
    return replace(entry, more=More(revision=revision, **more, status=status or ""))


def _mentions_of(column: str | None) -> Mentions | None:
    """Return the mentions in a column; None for a text that only another program can have written."""
    try:
        return None if column is None else _decode_mentions(column)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _object_of(column: str | None) -> str:
    """Return the `meta` or `data` in a column; "" for a text that is no JSON object."""
    try:
        return column if column is not None and _decode_object(column) is not None else ""
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""


def more_columns(more: More) -> tuple[Any, ...]:
    """Return the columns of what a message says beyond its text: reply to, thread, mentions, meta, data."""
    mentions = None if more.mentions is None else _encode(more.mentions).decode()
    return (more.reply_to, more.thread, mentions, more.meta or None, more.data or None)


def replies_of(row: Sequence[Any]) -> tuple[int, Replies]:
    """Return root and thread of a row of `Statements.threads`."""
    root, *replies = row
    return root, made(Replies, Replies.__struct_fields__, replies)


def _reported(report: Any) -> Any:
    return (report.room == 0) & (report.seq == 0)


def sql_of(query: Any) -> str:
    """Return the SQL of a query, in which every value is a parameter."""
    text: str = query.sql()[0]
    return text


def padded(names: list[str]) -> list[str]:
    """Repeat the last name up to a power of two, so that only few statements must be prepared."""
    missing = (1 << (len(names) - 1).bit_length()) - len(names)
    return names + names[-1:] * missing
