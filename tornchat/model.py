"""The data types of the core: users, messages, log entries, positions, rooms and sanctions.

All types are immutable and do no I/O. Times are Unix time: seconds where documented, else milliseconds
(`sent_at`). Text length is counted in characters (code points).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta
from msgspec.structs import force_setattr, replace

from tornchat.marks import Mark, MarkChange, Tallies, counted

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
Role: TypeAlias = Literal["owner", "moderator", "member"]
"""A user's role in one room; the roles of a `User` apply to all rooms."""
RoomKind: TypeAlias = Literal["open", "private", "direct"]
"""An open room is visible to everybody, a private one to its owner and members, a direct one to its users."""
Action: TypeAlias = Literal["join", "send", "moderate", "manage"]
SanctionKind: TypeAlias = Literal["ban", "mute", "kick", "disconnect", "revoke"]
"""What a `Sanction` does; "disconnect" and "revoke" exist for the whole site only."""
Standing: TypeAlias = Literal["admin", "site moderator", "owner", "moderator", "member", "user", "guest"]
"""What a user is, by the roles of the token and the role in a room: a row of the table of rights."""
ADMIN = "admin"
"""The role of a token that may do everything everywhere."""
MODERATOR = "moderator"
"""The role of a token that may moderate every room it can see."""
GUEST = "guest"
"""The role of a token that the server gave to a guest."""
GUEST_ID_PREFIX = "guest-"
"""How the ids of guests begin, and nobody else's."""
ReportState: TypeAlias = Literal["open", "resolved", "dismissed"]
"""What moderators have said of a report: nothing yet, that something was done, or that nothing had to be."""
SITE = ""
"""In place of a room's name: the whole site. No room has this name."""
TokenSource: TypeAlias = Literal["header", "subprotocol", "cookie", "query", "frame"]
PRIVATE_ROOM = "private:"
"""In place of a private room in log lines that name a user."""


def logged_room(name: str, epoch: str, private: bool) -> str:
    """Return the name of a public room, and for a private room a digest that tells nobody its name.

    The digest is the same on all nodes as long as the room has this epoch, which is random and keeps the
    name from being guessed.
    """
    if not private:
        return name
    return "private:" + hashlib.blake2b(f"{epoch} {name}".encode(), digest_size=6).hexdigest()


class Participant(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A user as shown to the other users in a room."""

    id: str
    username: str
    guest: bool = False


ERASED = Participant("(erased)", "erased")
"""The sender of the messages of erased users. Nobody is let in with this id."""


class User(msgspec.Struct, frozen=True):
    """An authenticated user. `expires_at` (Unix seconds) is the end of the authentication; None: never.

    `issued_at` (Unix seconds) is when the token was issued; None if that is not known. A user whose tokens
    were revoked is refused if it is not known, too.
    """

    id: str
    username: str
    roles: frozenset[str] = frozenset()
    expires_at: float | None = None
    issued_at: float | None = None

    @property
    def is_guest(self) -> bool:
        """True if the server gave the token to somebody without an account."""
        return GUEST in self.roles

    @property
    def participant(self) -> Participant:
        """The user as shown to other users."""
        return Participant(self.id, self.username, GUEST in self.roles)


class Cookies(Mapping[str, str]):
    """The cookies of a request, read-only.

    `used` is true once a plugin has looked at one of them. The cookies are then a login, which may have
    failed; others, which a site may set for any purpose, are none.
    """

    def __init__(self, read: Callable[[], Mapping[str, str]]) -> None:
        """`read` returns the cookies. It is called at the first look: a header may have thousands."""
        self._read = read
        self.used = False

    @cached_property
    def _values(self) -> Mapping[str, str]:
        return {**self._read()}

    def __getitem__(self, name: str) -> str:
        value = self._values[name]
        self.used = True
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Credentials(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """The credentials in a handshake or request.

    `token` is the bearer token and `source` is where it was found; both are None if there was none.
    `headers` has lower-case names; the values of a repeated header are joined with ", ".
    Both mappings are read-only copies, because every plugin that authenticates receives them.
    The repr omits the token, headers and cookies, so that it may be logged.
    """

    room: str
    remote_ip: str
    token: str | None = None
    source: TokenSource | None = None
    headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        force_setattr(self, "headers", MappingProxyType({**self.headers}))
        if not isinstance(self.cookies, Cookies):
            given = {**self.cookies}
            force_setattr(self, "cookies", Cookies(lambda: given))

    @property
    def used(self) -> bool:
        """True if there is a token, or if a plugin has looked at one of the cookies."""
        return bool(self.token) or (isinstance(self.cookies, Cookies) and self.cookies.used)

    def __repr__(self) -> str:
        return f"Credentials(room={self.room!r}, remote_ip={self.remote_ip!r}, source={self.source!r})"


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


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An entry before it is stored. `kind` is a declared kind (`tornchat.kinds`).

    `draft_id` is assigned by the core and unique across all nodes; storage keeps it with the entry, so that
    an unknown outcome can be looked up. `client_id` is chosen by the sender, and is stored at most once per
    room and sender. A draft that acts on a message has that message's `seq` as `target`. Its `text` is the
    target's new text; an empty text leaves the target's as it is. With `more.mark` it gives its sender this
    set of tokens on the target; with `more.offset` the text is added to the target's, which must be open;
    with `more.status` it closes the target. If it has no `more`, it is a deletion: it empties its target.
    `epoch` names the log that the draft is meant for: storage refuses it with `room_gone` if the room has
    another log; "" is not checked. `spaced_ms`: in slow mode, storage refuses it with `slow_mode` if its
    sender has a message in the room that was sent less than this before it; 0 is not checked.
    """

    draft_id: str
    room: str
    sender_id: str
    sender_username: str
    text: str
    sent_at: int
    client_id: str | None = None
    kind: KindName = "message"
    target: int | None = None
    epoch: str = ""
    more: More | None = None
    spaced_ms: int = 0

    @property
    def empties(self) -> bool:
        """True for a deletion: the target loses its text, whatever was done to it before or after."""
        return self.target is not None and self.more is None

    @property
    def offset(self) -> int | None:
        """Where in its target's text a piece begins; None for what is no piece of a streamed message."""
        return self.more.offset if self.more is not None else None

    @property
    def opens(self) -> bool:
        """True for a message that is to be streamed."""
        return self.target is None and self.more is not None and self.more.status == "open"

    @property
    def digest(self) -> str:
        """A short text that is the same for the same request of the sender, and else another."""
        if self.more is not None and self.more.digest:
            return self.more.digest
        marks = self.more if self.more is not None and self.more.mark is not None else None
        return digest_of(self.kind, self.target, self.text, None, marks)

    @property
    def meta(self) -> str:
        """The `meta` of a message, or the new one of a revision's target: a JSON object, or "" for none."""
        return self.more.meta if self.more is not None else ""

    @property
    def data(self) -> str:
        """The `data` of a message: a JSON object as text, or "" for none.

        For a revision, `revise` is given what its sender says, and storage what its target gets.
        """
        return self.more.data if self.more is not None else ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The whole set of tokens that a mark sets; () for what is no mark."""
        return self.more.mark.tokens if self.more is not None and self.more.mark is not None else ()

    def with_meta(self, meta: str) -> Draft:
        """Return the draft with another `meta`. It is known as the same request of its sender."""
        more = self.more or More(digest=self.digest)
        return replace(self, more=replace(more, meta=meta))


def digest_of(
    kind: str, target: int | None, text: str, expects: int | None = None, more: More | None = None
) -> str:
    """Return the digest of a request: of its kind and all that its sender said, before filters.

    Of `more`, only what clients say counts: `reply_to`, `thread`, `mentions`, `meta`, `data`, tokens,
    `status` and `offset`.
    """
    said: tuple[object, ...] = (kind, target, text, expects)
    if more is not None:
        said += (more.reply_to, more.thread, more.mentions, more.meta)
        said += () if more.mark is None else (more.mark.tokens,)
        said += (more.data,) if more.data else ()
        said += (more.status, more.offset) if more.status or more.offset is not None else ()
    return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=12).hexdigest()


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


class RoomDescription(msgspec.Struct, frozen=True):
    """What a room says of itself: a title, a topic, and whether it is private. Empty texts: none."""

    title: str = ""
    topic: str = ""
    private: bool = False


class RoomInfo(msgspec.Struct, frozen=True):
    """A room as recorded in storage. With slow mode, users wait `slow_seconds` between messages; 0: off.

    `title` and `topic` are shown in place of and beside the name; "" if there is none. A `direct` room is
    private, has no owner, and is the only one of the users whom it was made for.
    """

    name: str
    epoch: str
    private: bool = False
    owner: str | None = None
    slow_seconds: int = 0
    title: str = ""
    topic: str = ""
    direct: bool = False

    @property
    def kind(self) -> RoomKind:
        """Who may see the room."""
        return kind_of(self)

    @property
    def logged(self) -> str:
        """The room as the log shows it. See `logged_room`."""
        return logged_room(self.name, self.epoch, self.private)

    @property
    def logged_with_user(self) -> str:
        """The room as a log line shows it that names a user: private rooms can't be told apart.

        Else the lines would show who is in which private room.
        """
        return PRIVATE_ROOM if self.private else self.name


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


class Stored(msgspec.Struct, frozen=True, gc=False):
    """The outcome *stored*: the entry is on disk. `repeated` is true if it was stored by an earlier draft."""

    entry: Entry
    epoch: str
    repeated: bool = False


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The outcome *refused*: certainly not stored. `code` is one of `tornchat.errors.CODES`.

    `revision` is the target's present one, for the code `stale`, or `length` that of its text (code points),
    and `retry_after` (seconds) when the sender may send again, for `slow_mode`.
    """

    code: str
    reason: str = ""
    revision: int | None = None
    length: int | None = None
    retry_after: float | None = None


class OpenMessage(msgspec.Struct, frozen=True, gc=False):
    """A streamed message that is open: its sender, its length (code points), when it last grew (Unix ms)."""

    room: str
    epoch: str
    seq: int
    sender_id: str
    sender_username: str
    length: int
    grown_at: int


StoreResult: TypeAlias = Stored | Refusal


class PresenceChange(msgspec.Struct, frozen=True, gc=False):
    """A user's first session in a room started (`join`) or their last one ended (`leave`)."""

    kind: Literal["join", "leave"]
    participant: Participant


class Roster(msgspec.Struct, frozen=True):
    """The users in a room, across all nodes. Each change increases `version` by one.

    `complete` is false while the nodes register their sessions again after shared presence data was lost; a
    user who is missing then has not left. When it is complete again, `chat.may_have_missed()` is called.
    """

    version: int
    users: tuple[Participant, ...]
    complete: bool = True


class Fault(msgspec.Struct, frozen=True):
    """A problem that keeps the server from working, and how to correct it.

    With `warning`, the server works, but possibly not as intended: `tornchat check` shows it and succeeds.
    """

    what: str
    cure: str
    warning: bool = False


class RoomSummary(msgspec.Struct, frozen=True):
    """A room in a list of rooms. `seq` is the head of its log, the other fields are those of `RoomInfo`."""

    name: str
    epoch: str
    private: bool
    owner: str | None
    seq: int
    slow_seconds: int = 0
    title: str = ""
    topic: str = ""
    direct: bool = False

    @property
    def kind(self) -> RoomKind:
        """Who may see the room."""
        return kind_of(self)

    @property
    def logged(self) -> str:
        """The room as the log shows it. See `logged_room`."""
        return logged_room(self.name, self.epoch, self.private)

    @property
    def logged_with_user(self) -> str:
        """The room as a log line shows it that names a user. See `RoomInfo.logged_with_user`."""
        return PRIVATE_ROOM if self.private else self.name


def kind_of(room: RoomInfo | RoomSummary) -> RoomKind:
    """Return the kind of a room."""
    return "direct" if room.direct else "private" if room.private else "open"


class RoomPage(msgspec.Struct, frozen=True):
    """A page of the list of rooms, sorted by name. `next` is the name to continue after; None at the end."""

    rooms: tuple[RoomSummary, ...]
    next: str | None = None


class Membership(msgspec.Struct, frozen=True):
    """A user's role in a room."""

    user_id: str
    role: Role


class Rights(msgspec.Struct, frozen=True):
    """The actions a user may perform in a room: "join", "send", "moderate" and "manage".

    `role` is None if the user is no member. `muted_until` and `banned_until` are in Unix seconds, or None.
    """

    room: RoomSummary
    role: Role | None
    actions: tuple[Action, ...]
    muted_until: float | None = None
    banned_until: float | None = None


class Sanction(msgspec.Struct, frozen=True):
    """What a user may not do in a room, or, if `room` is `SITE`, anywhere, before `until` (Unix seconds).

    "ban": enter. "mute": send. "kick" and "disconnect" close the sessions that began before `since` (Unix
    seconds, when it was set); they are kept until every node has read them. "revoke" refuses the tokens that
    were issued before `since`. `by` is the id of the user who set it and `rank` what that user was: only a
    user of at least this rank may lift it.
    """

    room: str
    user_id: str
    kind: SanctionKind
    until: float
    by: str
    rank: Standing = "admin"
    since: float = 0.0


class Invite(msgspec.Struct, frozen=True):
    """A link by which users become members of a room, with `role`, until `expires_at` (Unix seconds).

    `uses` is how many users it admits, and `used` how many it has admitted. `by` is the id of the user who
    made it. Its token, which is not here, is a secret; `id` is none.
    """

    id: str
    room: str
    role: Role
    by: str
    created_at: float
    expires_at: float
    uses: int
    used: int = 0


class Accepted(msgspec.Struct, frozen=True):
    """That a user is a member of a room by an invite; `joined` is false if the user was a member before."""

    room: str
    role: Role
    joined: bool


class KnownUser(msgspec.Struct, frozen=True):
    """A user with an account who was let in once: the username and the roles of the last token.

    Names that look alike have the same `name_key`.
    """

    id: str
    username: str
    name_key: str
    roles: tuple[str, ...] = ()


class AuditEntry(msgspec.Struct, frozen=True):
    """That a user did something at `at` (Unix milliseconds). `actor` and `target` are user ids.

    `room` is `SITE` for what concerns the whole site. `key` is unlike that of every other entry; `id` is
    given by storage and rises.
    """

    key: str
    at: int
    actor: str
    action: str
    room: str = SITE
    target: str = ""
    detail: str = ""
    id: int = 0


class Report(msgspec.Struct, frozen=True):
    """That the user `reporter` reported the message at `seq` of a room, at `at` (Unix milliseconds).

    `closed_by` is the id of the moderator who resolved or dismissed it. What follows is not stored with the
    report: `id` is given by storage and rises; sender and text are those of the message when it is read.
    """

    room: str
    seq: int
    reporter: str
    reason: str
    at: int
    state: ReportState = "open"
    closed_by: str = ""
    id: int = 0
    sender_id: str = ""
    sender_username: str = ""
    text: str = ""


class ConsumerClaim(msgspec.Struct, frozen=True):
    """A consumer that a node wants to serve, as storage knows it.

    `rooms` are the names of its rooms, or None for all rooms. `beginning` tells where it starts when it is
    new: at the oldest entries, or behind the newest ones.
    """

    name: str
    beginning: bool = False
    rooms: tuple[str, ...] | None = None


class Unread(msgspec.Struct, frozen=True):
    """Entries of a room that consumers have not taken.

    `positions` maps consumers to the `seq` up to which they have taken the room's log; the page begins
    behind the least of them.
    """

    room: str
    private: bool
    page: Page
    positions: Mapping[str, int]


class CursorMove(msgspec.Struct, frozen=True):
    """That a consumer whose cursor was at `before` has taken a room's log up to `seq`.

    With `error`, it has failed to: `seq` is `before`, and the words say why.
    """

    consumer: str
    room: str
    epoch: str
    before: int
    seq: int
    error: str = ""


class Cursor(msgspec.Struct, frozen=True):
    """How far a consumer has taken a room's log, whose head is `head_seq`.

    `error` says why it last failed there, "" after a success; `failed_at` is when (Unix seconds).
    """

    room: str
    seq: int
    head_seq: int
    error: str = ""
    failed_at: float = 0.0


class ConsumerState(msgspec.Struct, frozen=True):
    """A consumer in storage: the node that serves it until `until` (Unix seconds), and how far it is behind.

    `holder` is "" if no node serves it. `rooms` is the number of rooms with entries that it has not taken,
    and `entries` the number of these entries.
    """

    name: str
    holder: str
    until: float
    rooms: int
    entries: int
