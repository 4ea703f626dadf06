"""Every hook: its types, its verb, and the promise made.

The verbs say how the answers of several plugins are combined; `tornchat.hooks` carries them out.

==========  ==========================================================================================
`ask`       plugins in the order of the settings; the first answer that is not None wins
`one`       exactly one loaded plugin provides it; None is an answer
`chain`     each plugin gets what the one before returned, and may refuse
`collect`   everybody's answers; a failing plugin's are left out and it is named in the log
`startup`   in order; a failure stops the start
`tell`      everybody; failures are logged with the plugin's name and contained
==========  ==========================================================================================

A hook may be a plain function or `async def`. A plain one must return at once: it runs on the event
loop. Every hook has a deadline in seconds, which `[deadlines] <hook>` in the settings changes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

import msgspec
import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from tornchat.messages import (
        Credentials,
        Draft,
        Entry,
        Fault,
        Page,
        Participant,
        Position,
        PresenceChange,
        RoomInfo,
        Roster,
        StoreResult,
        User,
    )

PROJECT = "tornchat"
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's method as the implementation of the hook of that name."""
_hookspec = pluggy.HookspecMarker(PROJECT)

Verb: TypeAlias = Literal["ask", "one", "chain", "collect", "startup", "tell"]
Function = TypeVar("Function", bound=Callable[..., Any])


class Promise(msgspec.Struct, frozen=True):
    """How a hook is called: its verb, its deadline (seconds), its role, and whether one must be loaded."""

    verb: Verb
    deadline: float
    role: str
    required: bool = False


def hookspec(
    verb: Verb, *, role: str, deadline: float = 5.0, required: bool = False
) -> Callable[[Function], Function]:
    """Declare a hook together with the promise that `tornchat.hooks` keeps for it."""

    def declare(function: Function) -> Function:
        function.promise = Promise(verb, deadline, role, required)  # type: ignore[attr-defined]
        return _hookspec(function)

    return declare


class ChatHandle(Protocol):
    """What a plugin is given at `startup`. Call it on the event loop only, never from a thread."""

    node_id: str
    data_dir: Path

    def deliver(self, topic: str, payload: bytes) -> None:
        """Hand over what another node published on `topic`. Repeats and one's own echo do no harm."""

    def may_have_missed(self) -> None:
        """Say that the bus may have lost something: positions are compared with the log, and repaired."""

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Say that the roster of `room` is now at `version`, because of `change`."""


# --- life ---------------------------------------------------------------------------------------------


@hookspec("startup", role="life", deadline=30.0)
def startup(chat: ChatHandle) -> Awaitable[None] | None:
    """Open what the plugin needs. Called once, in the order of the settings, before the first connection.

    Raising stops the start; this plugin and those that were started before it are shut down, in reverse
    order.
    """


@hookspec("tell", role="life", deadline=10.0)
def shutdown() -> Awaitable[None] | None:
    """Close what `startup` opened. Called once, in reverse order, after the last connection is gone."""


@hookspec("collect", role="life", deadline=10.0)
def check() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Name what would stop this plugin from working, without changing anything. For `tornchat check`."""


@hookspec("collect", role="life", deadline=5.0)
def check_cluster() -> Awaitable[Sequence[Fault]] | Sequence[Fault]:
    """Name what is fine for one node and would not work for several of them.

    Asked where `broadcast_scope` is "cluster": by `tornchat check`, and before each start, which a
    fault stops. `startup` was not called.
    """


@hookspec("collect", role="life", deadline=600.0)
def migrate() -> Awaitable[Sequence[str]] | Sequence[str]:
    """Bring what is stored to this version's form and name the steps taken. `startup` was not called."""


@hookspec("collect", role="life", deadline=5.0)
def health() -> Awaitable[Mapping[str, str]] | Mapping[str, str]:
    """Say how the plugin is: part -> "ok", or what is wrong with it."""


# --- auth ---------------------------------------------------------------------------------------------


@hookspec("ask", role="auth", required=True, deadline=3.0)
def authenticate(credentials: Credentials) -> Awaitable[User | None] | User | None:
    """Say who these credentials belong to, or None if they are nobody's that this plugin knows.

    All None: the connection is closed with 4001. A plugin that raises or misses its deadline fails
    closed: no later plugin is asked, and the connection is closed with 1013.
    """


@hookspec("ask", role="auth", deadline=2.0)
def authorize(user: User, action: str, room: str) -> Awaitable[bool | None] | bool | None:
    """Say whether `user` may do `action` ("join" or "send") in `room`; None is no opinion.

    Nobody has an opinion: allowed. A plugin that raises or misses its deadline: not now.
    """


@hookspec("one", role="tokens")
def issue_token(user: User, lifetime: float) -> str:
    """Make a token that `authenticate` of the same plugin accepts for `lifetime` seconds.

    Optional; `tornchat token` needs it. May be called before `startup`.
    """


# --- storage and history --------------------------------------------------------------------------------


@hookspec("one", role="storage", required=True, deadline=4.0)
def open_room(
    name: str, user: User, create: bool, owned_limit: int
) -> Awaitable[RoomInfo | None] | RoomInfo | None:
    """Find the room, or create it if `create` and `user` owns fewer than `owned_limit` rooms (0: no limit).

    None: it is not there and may not be created, or is not for this user. Two calls at once for one new
    name give the same room. A new room draws a new `epoch`; its creator is its owner.
    """


@hookspec("one", role="storage", deadline=4.0)
def renew_epoch(room: str, epoch: str) -> Awaitable[None] | None:
    """Draw a new epoch for the room if it is still at `epoch`.

    Called when the head of its log was found behind what members were shown, as after the restore of an
    old backup: nobody may resume from a place in the log that is gone. Optional.
    """


@hookspec("one", role="storage", required=True, deadline=4.0)
def store_messages(
    drafts: Sequence[Draft],
) -> Awaitable[Sequence[StoreResult]] | Sequence[StoreResult]:
    """Put the drafts on disk, and give one result per draft, in the drafts' order.

    One call per group commit, with drafts of many rooms; the core starts no second call before the
    first one has ended. Promises: `seq` is gapless per room and rises in draft order; what is
    returned as `Stored` survives a crash. The same `(room, sender_id, client_id)`, also twice in one
    batch, gives the first entry back (`repeated`) and uses no `seq`; with another text it is
    refused as `conflict`. A draft that can't be stored is a `Refusal` and does not harm the others.
    A deletion also blanks its target's text. Raise `NotStored` when it is sure that nothing was
    stored; any other exception means "unknown", and the core looks the drafts up by `draft_id`. So a call
    ends when what it did can't change any more, however long that takes. It is never cancelled while
    the chat runs.
    """


@hookspec("one", role="history", required=True, deadline=4.0)
def read_history(
    room: str, after: int | None, before: int | None, limit: int
) -> Awaitable[Page | None] | Page | None:
    """Read at most `limit` entries, always oldest first; None if there is no such room.

    `after`: the oldest ones with a higher `seq`. `before`: the newest ones with a lower `seq`.
    Neither: the newest. Both: the oldest between them. Sees everything that was stored before the call.
    """


@hookspec("one", role="history", required=True, deadline=4.0)
def latest_positions(
    rooms: Sequence[str],
) -> Awaitable[Mapping[str, Position]] | Mapping[str, Position]:
    """Give the head of each room's log, in one go; a room that is not there is left out.

    Where entries are pruned, `first_seq` says what is left of the log, so that nobody is shown the rest.
    """


@hookspec("one", role="pruning", deadline=4.0)
def prune_history(room: str | None, before_ms: int, limit: int) -> Awaitable[int] | int:
    """Forget at most `limit` of the oldest entries that are from before `before_ms`; say how many it were.

    Of this room's log, or, if `room` is None, of any. Promises: what is forgotten is the log's beginning, up
    to the first entry that is not from before `before_ms`, so that a hole is nowhere else; `first_seq`
    moves past it in the same instant, and `head_seq` and the epoch stay; afterwards no text of it can be
    read. 0 says that nothing is left to forget, or that there is no such room. Several nodes may call it
    at once. `limit` is kept small, so that messages don't wait for it long. Optional; `tornchat history
    prune` and `[history] keep_days` need it.
    """


# --- moderation ---------------------------------------------------------------------------------------


@hookspec("chain", role="filter", deadline=1.0)
def filter_message(draft: Draft, user: User) -> Awaitable[Draft] | Draft:
    """Return the draft, changed or not; raise `Rejected` to refuse it with words for its sender.

    Only the text may be changed. A plugin that raises anything else, returns no draft or misses its
    deadline fails closed: the draft is not stored, and its sender is told `unavailable`.
    """


# --- broadcast ----------------------------------------------------------------------------------------


@hookspec("one", role="broadcast", required=True)
def broadcast_scope() -> Literal["process", "cluster"]:
    """Say how far `publish` reaches: only this process, or all the nodes of a cluster."""


@hookspec("one", role="broadcast", required=True, deadline=4.0)
def subscribe(topic: str) -> Awaitable[None] | None:
    """From the return of this call on, pass what is published on `topic` to `chat.deliver`."""


@hookspec("one", role="broadcast", required=True, deadline=4.0)
def unsubscribe(topic: str) -> Awaitable[None] | None:
    """Stop passing on `topic`. Unknown topics are fine."""


@hookspec("one", role="broadcast", required=True, deadline=1.0)
def publish(topic: str, payload: bytes) -> Awaitable[None] | None:
    """Send opaque bytes to everybody subscribed to `topic`. May lose, repeat or reorder.

    Whenever something may have been lost, call `chat.may_have_missed()`. Topics are `room:<name>`
    and `nodes`.
    """


# --- presence -----------------------------------------------------------------------------------------


@hookspec("one", role="presence", required=True, deadline=2.0)
def join_presence(room: str, user: Participant, session: str) -> Awaitable[bool] | bool:
    """Count `session` in; True if it is the user's first one in the room, on any node.

    That changes the roster: every node's `chat.presence_changed` is called, this one's too.
    Idempotent: joining the same session again changes nothing and gives False.
    """


@hookspec("one", role="presence", required=True, deadline=2.0)
def leave_presence(room: str, user: Participant, session: str) -> Awaitable[bool] | bool:
    """Count `session` out; True if it was the user's last one, which changes the roster. Idempotent."""


@hookspec("one", role="presence", required=True, deadline=2.0)
def read_presence(room: str) -> Awaitable[Roster] | Roster:
    """Give the room's roster as it is now. A room's `version` never goes back, even when it was empty."""


# --- what happened --------------------------------------------------------------------------------------


@hookspec("tell", role="events")
def messages_stored(room: str, entries: Sequence[Entry]) -> Awaitable[None] | None:
    """These entries are on disk. Told once, on the node where they were said."""


@hookspec("tell", role="events")
def user_joined(room: str, user: User) -> Awaitable[None] | None:
    """This user's first session in the room began, on this node."""


@hookspec("tell", role="events")
def user_left(room: str, user: User) -> Awaitable[None] | None:
    """This user's last session in the room ended, on this node."""


@hookspec("tell", role="events")
def connection_opened(connection: str, remote_ip: str) -> Awaitable[None] | None:
    """A WebSocket was opened; nobody has been authenticated yet."""


@hookspec("tell", role="events")
def connection_closed(connection: str, code: int | None, duration: float) -> Awaitable[None] | None:
    """A WebSocket ended, after `duration` seconds. `code` is None when no close frame came."""


# --- extensions ---------------------------------------------------------------------------------------


@hookspec("collect", role="extensions")
def http_routes(chat: ChatHandle) -> Sequence[Any]:
    """Give routes to add to the application, as Tornado's `Application` takes them.

    Any, because the core's vocabulary does not name Tornado's types.
    """


@hookspec("collect", role="extensions")
def cli_commands(group: click.Group) -> None:
    """Add commands to the `tornchat` command line."""
