"""Entries of the log of a room, and positions in it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from tornchat.marks import Mark, MarkChange, Tallies, counted
from tornchat.model.users import ERASED

Shape: TypeAlias = Literal["message", "revision", "mark"]
"""A message is shown, a revision changes one message, a mark is one user's set of tokens on one message."""
KindName: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""The name of a kind of entry, as declared in `tornchat.kinds`."""
PLAIN = "message"
"""The kind of a text that somebody says."""
Status: TypeAlias = Literal["", "open", "complete", "cancelled", "failed"]
"""How far a streamed message is, "" for any other; what closes it says how it ended."""
MOST_OPEN_BYTES = 256 * 1024
"""Maximum size of a streamed message in UTF-8."""
MOST_APPENDS = 4_096
"""Maximum number of appends to one message."""
MOST_MENTIONS = 50
"""Maximum number of users that a message mentions."""


class Mentions(msgspec.Struct, frozen=True, gc=False):
    """Whom a message mentions: the users with these ids, and everybody in the room if `room` is true."""

    users: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=256)], ...],
        Meta(max_length=MOST_MENTIONS, description="Ids of users."),
    ] = ()
    room: Annotated[bool, Meta(description="Whether everybody in the room is mentioned.")] = False


class Replies(msgspec.Struct, frozen=True, gc=False):
    """The thread of a message: how many messages it has, without the deleted ones, and where the last one is.

    `last_seq` is the `seq` of the last message that was sent into the thread, also if it was deleted since.
    """

    count: Annotated[int, Meta(ge=0, description="Messages in its thread, without deleted ones.")]
    last_seq: Annotated[int, Meta(ge=0, description="The place of the last one, also if it was deleted.")]


class More(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What a draft or an entry says beyond a plain message. Plain messages have none.

    A draft: `expects` is the revision that its target must have (None: any), and `digest` stands for the
    request as its sender made it, before filters. An entry has neither.

    A message: `revision` is how often it was revised, `edited_at` (Unix milliseconds) when its text was last,
    `position` the `seq` of the last entry that acted on it, and `marks` how it is marked. A revision:
    `revision` is its target's from then on. A mark has `mark`, in the draft and in the entry.

    A message as it was sent: `reply_to` is the `seq` of the message that it answers, `thread` that of the
    message whose thread it is in, and `mentions` whom it mentions. `meta` is a JSON object as text, which the
    server does not interpret; "" if there is none. `data` is what the message's kind says of it, a JSON
    object as text of the type that the kind declares; "" if there is none. A revision with `meta` or `data`
    gives it to its target. `replies` is the thread of a message that has one; storage tells it when messages
    are read.

    A streamed message has a `status`, and `closed`, the `seq` of what closed it; 0 while it is open. What
    adds a piece to its text has the `offset` of the piece (code points), and in a draft `context`, the end of
    the text before it, for filters. What closes it has the `status` that the message gets, and in an entry
    `whole`, the message as it is then; `expects` of its draft is the length of the text (None: any).
    """

    revision: int = 0
    edited_at: int = 0
    position: int = 0
    expects: int | None = None
    digest: str = ""
    reply_to: int | None = None
    thread: int | None = None
    mentions: Mentions | None = None
    meta: str = ""
    data: str = ""
    replies: Replies | None = None
    mark: Mark | None = None
    marks: Tallies = {}
    status: Status = ""
    closed: int = 0
    offset: int | None = None
    context: str = ""
    whole: Entry | None = None


class Entry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An entry of a room's log at `seq` (1, 2, 3 ... without gaps).

    A message has no `target`. With an empty text it was deleted: its text is removed, and its `seq` stays in
    use. Other entries act on the message at `target`: `text` is its new text, or empty if that did not
    change; a mark has `more.mark`. With `more.offset` the text is a piece that was added to the target's;
    with `more.status` the target was closed, and its pieces have no text any more. Without `more`, an acting
    entry is a deletion. The entries that acted on a deleted message have no text and no tokens any more,
    either.
    """

    seq: int
    sender_id: str
    sender_username: str
    text: str
    sent_at: int
    draft_id: str
    client_id: str | None = None
    kind: KindName = "message"
    target: int | None = None
    more: More | None = None

    @property
    def empties(self) -> bool:
        """True for a deletion: the target loses its text, whatever was done to it before or after."""
        return self.target is not None and self.more is None

    @property
    def is_open(self) -> bool:
        """True for a message that is being streamed: its sender adds to it."""
        return self.target is None and self.more is not None and self.more.status == "open"

    @property
    def closes(self) -> bool:
        """True for what closes a streamed message."""
        return self.target is not None and self.more is not None and self.more.status != ""

    @property
    def offset(self) -> int | None:
        """Where in its target's text a piece begins; None for what is no piece of a streamed message."""
        return self.more.offset if self.more is not None else None

    @property
    def revision(self) -> int:
        """How often the message was edited; of a revision, the target's revision from then on."""
        return self.more.revision if self.more is not None else 0

    @property
    def position(self) -> int:
        """The `seq` of the last entry that acted on this message; its own `seq` if none did."""
        return self.more.position or self.seq if self.more is not None else self.seq

    @property
    def mark(self) -> Mark | None:
        """What a mark sets; None for any other entry."""
        return self.more.mark if self.more is not None else None

    @property
    def marks(self) -> Tallies:
        """How this message is marked: kind -> token -> tally."""
        return self.more.marks if self.more is not None else {}

    @property
    def mark_change(self) -> MarkChange:
        """What a mark has changed, and whose tokens. Raises `ValueError` for any other entry."""
        if self.mark is None:
            raise ValueError(f"the entry {self.seq} is no mark")
        return MarkChange(self.sender_id, self.mark.added, self.mark.removed)

    @property
    def thread(self) -> int | None:
        """The `seq` of the message whose thread this message is in; None if it is in none."""
        return self.more.thread if self.more is not None else None

    @property
    def meta(self) -> str:
        """The `meta` of a message, or the new one that a revision gives its target; "" if there is none."""
        return self.more.meta if self.more is not None else ""

    @property
    def data(self) -> str:
        """The `data` of a message, or the new one that a revision gives its target; "" if there is none."""
        return self.more.data if self.more is not None else ""

    def with_replies(self, replies: Replies) -> Entry:
        """Return this message with this thread."""
        return replace(self, more=replace(self.more or More(), replies=replies))

    def after(self, act: Entry) -> Entry:
        """Return this message in its state after `act`, which acts on it; itself if it has that state.

        An entry that acted before the last one that did changes nothing, except a deletion. A deleted message
        keeps its place in a thread, and its own thread.
        """
        if act.seq <= self.position and not (act.empties and self.text):
            return self
        position = max(act.seq, self.position)
        if act.empties:
            erased = act.sender_id == ERASED.id
            sender = (ERASED.id, ERASED.username) if erased else (self.sender_id, self.sender_username)
            kept = replace(self.more or More(), position=position, reply_to=None, mentions=None)
            more = replace(kept, meta="", data="", marks={}, status="", closed=0)
            return Entry(self.seq, *sender, "", self.sent_at, self.draft_id, kind=self.kind, more=more)
        if act.mark is not None:
            marked = replace(self.more or More(), position=position, marks=self._marked(act))
            return replace(self, more=marked)
        if act.offset is not None or act.closes:
            return self._streamed(act, position)
        before = self.more or More()
        more = replace(
            before,
            revision=act.revision,
            edited_at=act.sent_at if act.text else before.edited_at,
            position=position,
            meta=act.meta or self.meta if self.text else "",
            data=act.data or self.data if self.text else "",
        )
        return replace(self, text=act.text or self.text if self.text else "", more=more)

    def _streamed(self, act: Entry, position: int) -> Entry:
        """Return the message after a piece was added or it was closed.

        A piece that does not begin where the text ends was emptied when the message was closed, or others
        before it were: what closes the message has the whole text.
        """
        more = replace(self.more or More(), position=position)
        if not self.text:
            return replace(self, more=more)
        if act.closes and act.more is not None:
            whole = act.text or (act.more.whole.text if act.more.whole is not None else self.text)
            return replace(self, text=whole, more=replace(more, status=act.more.status, closed=act.seq))
        return replace(self, text=self.text + act.text * (act.offset == len(self.text)), more=more)

    def _marked(self, act: Entry) -> Tallies:
        """Return the tallies after a mark. A deleted message gets none."""
        if act.mark is None or not act.mark.counts or not self.text:
            return self.marks
        tallies = counted(self.marks.get(act.kind, {}), act.mark.counts, [act.mark_change])
        return {kind: found for kind, found in {**self.marks, act.kind: tallies}.items() if found}


class Position(msgspec.Struct, frozen=True, gc=False):
    """A position in a room's log. `epoch` identifies the log and is assigned when the room is created.

    For the head of a log, `first_seq` is the oldest entry still stored, and `acts` the number of entries up
    to it that act on messages, pruned ones included; otherwise they have no meaning.
    """

    epoch: str
    seq: int
    first_seq: int = 1
    acts: int = 0


class Page(msgspec.Struct, frozen=True):
    """Consecutive entries of a room's log, oldest first, and the log's bounds when they were read.

    `first_seq` is the oldest entry still stored (`head_seq + 1` for an empty log). `acts` is the number of
    entries up to `head_seq` that act on messages, pruned ones included, so that `head_seq - acts` is the
    number of messages.
    """

    entries: tuple[Entry, ...]
    first_seq: int
    head_seq: int
    epoch: str
    acts: int = 0


class Changed(msgspec.Struct, frozen=True):
    """The messages that somebody who knows a log up to a position must be told of again.

    `messages` are those at or before it that later entries acted on, oldest first, as they are now, without
    the deleted ones; `count` is the number of messages after it. The bounds are those of `Page`.
    """

    messages: tuple[Entry, ...]
    count: int
    first_seq: int
    head_seq: int
    epoch: str


class OpenMessage(msgspec.Struct, frozen=True, gc=False):
    """A streamed message that is open: its sender, its length (code points), when it last grew (Unix ms)."""

    room: str
    epoch: str
    seq: int
    sender_id: str
    sender_username: str
    length: int
    grown_at: int
