"""The interface of the chat that plugins and the host application may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    import msgspec

    from tornchat.model import (
        Entry,
        Mentions,
        Page,
        Position,
        PresenceChange,
        Role,
        RoomKind,
        RoomPage,
        RoomSummary,
        Roster,
        SanctionKind,
        Stored,
        User,
    )
    from tornchat.streaming import Stream

Answer = TypeVar("Answer")


class Actions(Protocol):
    """What code in the process can do in the chat: all that a user can.

    `ChatApp` gives it after `start`, and `ChatHandle` to plugins. A method is called on the event loop of the
    chat; `from_thread` is for all other threads.

    With `trusted`, the default, the code decides who may do what: `authorize`, rates, mutes, bans,
    memberships and rights are not asked, but filters are, and admins can't be sanctioned. Without it, the
    action is refused as it would be to the user over HTTP. The methods that only read take the user as
    `reader`; None is trusted.

    Every method raises `ChatError` on refusal (`room_not_found`, `forbidden`, `not_provided` if no loaded
    plugin can do it, and others), and `Unavailable` if a plugin can't answer, or the chat does not run.
    """

    async def say(
        self,
        room: str,
        text: str,
        *,
        sender: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        thread: int | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] | Mentions = (),
        meta: Mapping[str, object] | None = None,
        kind: str = "message",
        data: Mapping[str, object] | msgspec.Struct | None = None,
        trusted: bool = True,
    ) -> Stored:
        """Say `text` in `room` as `sender` and return the stored entry.

        It is the path of every message: filters are asked, the message is on disk when this returns, and
        members and other nodes are told. `thread` and `reply_to` are the `seq` of messages of the room,
        `mentions` the ids of users, or a `Mentions` for everybody in the room, and `meta` is a JSON object
        that the server does not interpret: they are what v1's `send` has. `kind` is a kind of messages that a
        plugin declares, and `data` what the kind wants to know, as an object of the declared type or as a
        mapping. The same `id` with the same text
        returns the first entry (`repeated`). `trusted` skips `authorize`, rates, mutes, bans and membership,
        never a filter.

        Raises `ChatError`: `room_not_found`, `not_found` (`thread` or `reply_to`), `conflict`,
        `message_too_long`, `empty_message`, `unconfirmed` and others, and what a filter refuses with;
        `Unavailable` if a plugin can't answer.
        """

    def stream(
        self,
        room: str,
        *,
        sender: User,
        thread: int | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] | Mentions = (),
        meta: Mapping[str, object] | None = None,
        trusted: bool = True,
    ) -> Stream:
        """Return a message that grows while it is written, such as the answer of a language model.

            async with chat.stream("tea", sender=bot) as answer:
                await answer.write("Hello ")
                await answer.write("world!")

        Each `write` returns when its text is stored, and members see it at once. The message begins with the
        first text; it is closed at the end of the block, or by the server when it has not grown for
        `[messages] open_seconds`. It has at most 256 KiB and 4,096 pieces. The fields are those of `say`.
        Filters are asked at the beginning, for each piece, and at the end for the whole text.

        `write` and `close` raise `ChatError` like `say`, and `not_open` (it was closed), `not_found` (it was
        deleted), `message_too_long` and `unsupported` (the storage plugin can't). After `Unavailable`, and
        codes that say that a message may be sent again, the next call sends the text first.
        """

    async def edit(
        self,
        room: str,
        seq: int,
        text: str,
        *,
        by: User,
        revision: int | None = None,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """Give the message at `seq` another text and return the stored edit.

        Only its sender edits a message, trusted or not: `by` is that user. `revision` is the one that the
        message is believed to have; None is the present one. Filters are asked about the new text. The same
        `id` with the same text returns the first edit (`repeated`). `trusted` skips the end of
        `[messages] edit_seconds`, too.

        Raises `ChatError` like `say`, and `not_found`, `forbidden`, `stale` (it has another revision) and
        `unsupported` (the storage plugin can't).
        """

    async def mark(
        self,
        room: str,
        seq: int,
        kind: str,
        tokens: Iterable[str],
        *,
        by: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """Replace the tokens that `by` has on the message at `seq` by these, and return the stored entry.

        `kind` is a declared kind of marks, such as `reaction`. No tokens remove all; the order does not
        matter. A set that stands already stores nothing, and the last entry that acted on the message is
        returned (`repeated`), as is the first one for the same `id` with the same tokens. Filters are not
        asked, since a mark has no text.

        Raises `ChatError` like `edit`, and `invalid_message` (an unknown kind, or tokens that are not
        allowed) and `too_many_marks` (the message has as many different tokens as it may); never `stale`.
        Raises `TypeError` if `tokens` is one string.
        """

    async def revise(
        self,
        room: str,
        seq: int,
        kind: str,
        *,
        by: User,
        data: Mapping[str, object] | msgspec.Struct | None = None,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """Change the message at `seq` in the way of `kind`, a plugin's, and return the stored entry.

        The kind says what it changes, and whose messages. `data` is as in `say`. If the message changes
        meanwhile, the kind is asked again, three times in all. The same `id` with the same `data` returns the
        first entry (`repeated`).

        Raises `ChatError` like `edit`, and `invalid_message` (an unknown kind, or `data` that does not fit).
        """

    async def delete(self, room: str, seq: int, *, by: User, trusted: bool = True) -> None:
        """Delete the text of the message at `seq`. Repeating it changes nothing."""

    # --- reading ---

    async def history(
        self,
        room: str,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 50,
        reader: User | None = None,
    ) -> Page:
        """Return at most `limit` (up to 200) messages of the room in their present state, oldest first.

        They are the oldest ones after `after`, else the newest ones before `before` or of all.
        """

    async def users(self, room: str, *, reader: User | None = None) -> Roster:
        """Return who is in the room, on all nodes."""

    def follow(
        self, room: str, *, after: Position | None = None, reader: User | None = None
    ) -> AsyncIterator[Entry]:
        """Yield the entries of the room's log behind `after`, then what is stored from then on, for ever.

        Nothing is left out and nothing comes twice, whichever node stores it. The log is read at the pace of
        the loop that iterates, however slow. Without `after`, it begins at the end of the log, when the first
        entry is asked for. Where one was is `Position(epoch, entry.seq)`, with the epoch of `after` or of a
        page of `history`.

        Raises `PositionLost` if the log has another epoch or ends before `after`, or if entries behind it
        were pruned; and `Unavailable` also when the chat is closed. Whoever follows again from the last entry
        misses nothing.
        """

    async def list_rooms(
        self, *, after: str | None = None, limit: int = 50, reader: User | None = None
    ) -> RoomPage:
        """Return a page of at most `limit` (up to 200) rooms, sorted by name, that begins after `after`."""

    # --- rooms and people ---

    async def create_room(
        self, room: str, *, by: User, private: bool = False, trusted: bool = True
    ) -> RoomSummary:
        """Create the room, which `by` owns unless `[rooms]` says otherwise. Raises `room_taken`."""

    async def describe_room(
        self,
        room: str,
        *,
        by: User,
        title: str | None = None,
        topic: str | None = None,
        kind: RoomKind | None = None,
        trusted: bool = True,
    ) -> RoomSummary:
        """Set the title (at most 80 characters), the topic (250) or the kind of the room, and return it.

        None leaves one as it is, "" removes a text. Members are told with `room_changed`. A room that becomes
        private closes the sessions of those who are no members. Raises `invalid_message` for control
        characters and those that change the direction of text.
        """

    async def set_member(
        self, room: str, user_id: str, role: Role, *, by: User, trusted: bool = True
    ) -> None:
        """Make the user a member, a moderator or the owner of the room."""

    async def remove_member(self, room: str, user_id: str, *, by: User, trusted: bool = True) -> None:
        """End the user's membership. Raises `not_found` if there is none."""

    async def kick(self, room: str, user_id: str, *, by: User, trusted: bool = True) -> None:
        """Close the user's sessions in the room, on every node."""

    async def ban(self, room: str, user_id: str, seconds: float, *, by: User, trusted: bool = True) -> None:
        """Ban the user from the room for `seconds`."""

    async def mute(self, room: str, user_id: str, seconds: float, *, by: User, trusted: bool = True) -> None:
        """Refuse the user's messages in the room for `seconds`."""

    async def lift(
        self, room: str, user_id: str, kind: SanctionKind, *, by: User, trusted: bool = True
    ) -> None:
        """End a ban or a mute early. Raises `not_found` if there is none."""

    # --- requests ---

    async def identify(self, request: object) -> User | None:
        """Return the user who makes a request to a route of the host or of a plugin; None for nobody.

        `request` is the `RequestHandler` that serves it, or its `HTTPServerRequest`, for which only plugins
        are asked, not the host's own login (`ChatApp(identify=)`), which needs the handler. The user is known
        by an `Authorization` header or by cookies, as in calls of the HTTP API. Nobody is also who is banned
        from the site, and a page of a foreign origin, whose request may have the cookies of a user who did
        not send it. Failed logins are counted, and their answers delayed, as those of calls are.

        Raises `Unavailable` if a plugin can't answer, which is not the same as nobody.
        """

    async def login_failed(self, request: object) -> None:
        """Count a failed login at a route with a secret of its own, and wait until it may be answered.

        `request` is as in `identify`. Await it before the answer to a secret that is wrong: the answers to
        an address that fails often are delayed, those to a good secret never.
        """

    # --- threads ---

    def from_thread(self, work: Callable[[], Awaitable[Answer]], seconds: float | None = None) -> Answer:
        """Run `work` on the event loop of the chat, for a call from any other thread, and return its answer.

            entry = chat.from_thread(lambda: chat.say("tea", "hello", sender=bob))

        Raises what `work` raises, `TimeoutError` after `seconds`, and `RuntimeError` on the event loop
        itself, which would wait for itself.
        """


class ChatHandle(Actions, Protocol):
    """The handle passed to a plugin at `startup`. It must be used on the event loop, never from a thread."""

    node_id: str
    data_dir: Path
    exclusive: bool
    """True for a server that is not part of a cluster: no other server may use its storage."""
    writes: bool
    """False for a command that only reads from storage: a plugin then changes nothing on its own account."""

    def deliver(self, topic: str, payload: bytes) -> None:
        """Deliver a payload published on `topic`. Repeated payloads and this node's own are ignored."""

    def may_have_missed(self) -> None:
        """Report that payloads may have been lost: rooms are compared with the log, and gaps are repaired."""

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Report that `change` has brought the roster of `room` to `version`."""
