"""What calls about messages take and return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.marks import Tallies
from tornchat.model import PLAIN, Entry, KindName, Mentions, More, Replies
from tornchat.server.http.api.forms import (
    MESSAGE_FORMAT,
    MOST_SEQ,
    Input,
    Limit,
    Output,
    RoomPath,
    Seq,
    Timestamp,
    timestamp,
)
from tornchat.streaming import Ending
from tornchat.wire import ending
from tornchat.wire.meta import MetaObject, spliced

Revision: TypeAlias = Annotated[
    int, Meta(ge=0, le=MOST_SEQ, description="How often a message was edited.", examples=[0])
]
MetaField: TypeAlias = Annotated[
    MetaObject | None,
    Meta(
        description="Whatever the application says about the message: at most 8 KiB, 32 levels deep.",
        examples=[{"colour": "red"}],
    ),
]
DataField: TypeAlias = Annotated[
    MetaObject | None,
    Meta(description="What the kind of the message says of it: at most 8 KiB, in the form that it declares."),
]


class Message(Output, frozen=True, omit_defaults=True):
    """A message in a room's log, in its present state. A deleted one keeps its place, but its text is empty.

    `revision` is how often it was edited, `edited_at` when last, and `position` the place of the last entry
    that acted on it (its own, if none did). The fields `reply_to`, `thread`, `mentions`, `meta` and `replies`
    (its own thread) are left out where there is nothing to say. `marks` says how many users have put each
    token on it, and who, if they are at most 20. `mine`, with `mine=1` only, are the caller's own by kind.
    `kind` and `data` are there if the message is of a kind that a plugin brings. A streamed message is `open`
    while it grows, and then has a `status`.
    """

    seq: Seq
    message: str
    sender_id: str
    sender_username: str
    timestamp: Timestamp
    deleted: bool
    revision: Revision
    edited_at: Timestamp | None
    position: Seq
    marks: Tallies = msgspec.field(default_factory=dict)
    mine: dict[str, tuple[str, ...]] | None = None
    reply_to: Seq | None = None
    thread: Seq | None = None
    mentions: Mentions | None = None
    meta: MetaField = None
    replies: Replies | None = None
    kind: KindName = PLAIN
    data: DataField = None
    open: bool = False
    status: Ending | None = None

    @classmethod
    def of(cls, entry: Entry, mine: Mapping[int, dict[str, tuple[str, ...]]] | None = None) -> Message:
        """Convert a message. `mine`: `seq` -> the caller's tokens, if they are wanted."""
        more = entry.more or More()
        edited_at = more.edited_at
        return cls(
            reply_to=more.reply_to,
            thread=more.thread,
            mentions=more.mentions,
            meta=spliced(more.meta),
            replies=more.replies,
            kind=PLAIN if entry.kind == PLAIN else entry.kind,  # defaults are left out by identity
            data=spliced(more.data),
            open=entry.is_open,
            status=ending(more.status),
            revision=entry.revision,
            edited_at=timestamp(edited_at / 1000) if edited_at else None,
            position=entry.position,
            marks=entry.marks,
            mine=None if mine is None else mine.get(entry.seq, {}),
            seq=entry.seq,
            message=entry.text,
            sender_id=entry.sender_id,
            sender_username=entry.sender_username,
            timestamp=timestamp(entry.sent_at / 1000),
            deleted=not entry.text,
        )


class HistoryQuery(Input, frozen=True):
    """Selects messages: the oldest ones after `after`, else the newest ones before `before`.

    With `around`, the message there between about as many older and newer ones, and the two are ignored. With
    `thread`, only messages of the thread of the message there.
    """

    after: Seq | None = None
    before: Seq | None = None
    around: Seq | None = None
    thread: Seq | None = None
    limit: Limit = 50
    mine: Annotated[bool, Meta(description="Whether each message says what the caller has marked.")] = False


class ThreadQuery(Input, frozen=True):
    """Selects messages of a thread: the oldest ones after `after`, else the newest ones before `before`."""

    after: Seq | None = None
    before: Seq | None = None
    limit: Limit = 50
    mine: Annotated[bool, Meta(description="Whether each message says what the caller has marked.")] = False


class MineQuery(Input, frozen=True):
    """Selects what is said of a message."""

    mine: Annotated[bool, Meta(description="Whether it says what the caller has marked.")] = False


class MessagePage(Output, frozen=True):
    """Messages of a room, oldest first, and the bounds of its log.

    They are all the messages, or all of the thread, from `from_seq` to `to_seq` (null: none); other positions
    there are edits and deletions. Continue with `before=from_seq` or `after=to_seq`. A page of long messages
    has fewer than `limit`: at most 512 KiB, but at least one.
    """

    messages: list[Message]
    epoch: str
    first_seq: int
    head_seq: Seq
    from_seq: Seq | None
    to_seq: Seq | None


class NewMessage(Input, frozen=True):
    """A message to send.

    `reply_to` is the message that it answers, and `thread` the one whose thread it is in. `mentions` names
    whom it mentions; everybody in the room, if plugins allow it. `kind` is a kind of messages that a plugin
    brings, and `data` is in the form that the kind declares.
    """

    message: Annotated[
        str,
        Meta(
            description="The text.",
            examples=["Hello world!"],
            extra_json_schema={"format": MESSAGE_FORMAT},
        ),
    ]
    reply_to: Seq | None = None
    thread: Seq | None = None
    mentions: Mentions | None = None
    meta: MetaField = None
    kind: KindName = PLAIN
    data: DataField = None
    open: Annotated[
        bool, Meta(description="Whether it is streamed: a WebSocket adds to it, and closes it.")
    ] = False


class PostHeaders(Input, frozen=True):
    """`Idempotency-Key` is a client id for the message. A repeated call does not store it again."""

    idempotency_key: (
        Annotated[str, Meta(min_length=1, max_length=64, description="The client id of the message.")] | None
    ) = msgspec.field(name="Idempotency-Key", default=None)


class Posted(Output, frozen=True):
    """The position of the message in the room's log, and its time."""

    seq: Seq
    timestamp: Timestamp


class NewText(Input, frozen=True):
    """Another text for a message, which is not changed if it has another revision.

    Without `meta`, that of the message stays as it is.
    """

    message: Annotated[
        str,
        Meta(
            description="The whole new text.",
            examples=["Hello, world!"],
            extra_json_schema={"format": MESSAGE_FORMAT},
        ),
    ]
    revision: Revision
    meta: MetaField = None


class Edited(Output, frozen=True):
    """The message and its revision, and the place and time of the edit in the room's log."""

    seq: Seq
    position: Seq
    revision: Revision
    timestamp: Timestamp


class MessagePath(RoomPath, frozen=True):
    """The path of a message in a room."""

    seq: Seq


class SearchQuery(Input, frozen=True):
    """Selects messages that contain all words of `q`, before the position `before`."""

    q: Annotated[str, Meta(min_length=1, max_length=400, examples=["hello"])]
    before: Seq | None = None
    limit: Limit = 50


class Findings(Output, frozen=True):
    """The messages found, newest first. Continue with `before`, the last one's `seq`.

    There may be more if there are `limit` messages, or long ones: at most 512 KiB are given, at least one.
    """

    messages: list[Message]
