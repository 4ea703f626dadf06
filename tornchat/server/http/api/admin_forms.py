"""The input and output types of the calls for the dashboard."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from tornchat.server.http.api.forms import Input, Output, Timestamp

Search: TypeAlias = Annotated[str, Meta(max_length=256, description="Text that a name or id must contain.")]
Rows: TypeAlias = Annotated[int, Meta(ge=1, le=500, description="Maximum number of items.")]


class OverviewQuery(Input, frozen=True):
    """Selects the samples later than `since` (Unix time, seconds). 0: all samples."""

    since: Annotated[float, Meta(ge=0)] = 0.0


class RoomsOrder(Input, frozen=True):
    """Selects and sorts the rooms of this node."""

    q: Search = ""
    sort: Literal["name", "sessions", "users", "seq", "behind_bytes"] = "sessions"
    order: Literal["up", "down"] = "down"
    limit: Rows = 100


class SessionsOrder(Input, frozen=True):
    """Selects and sorts the sessions of this node."""

    q: Search = ""
    sort: Literal["username", "room", "remote_ip", "seconds", "behind_bytes"] = "seconds"
    order: Literal["up", "down"] = "up"
    limit: Rows = 100


class Node(Output, frozen=True):
    """The node that answers. `scope` is the reach of its broadcast: "process" or "cluster"."""

    id: str
    version: str
    scope: str
    started_at: Timestamp
    plugins: list[str]


class Now(Output, frozen=True):
    """Current values of this node."""

    connections: int
    sessions: int
    rooms: int
    store_waiting: int
    store_in_flight: int
    behind_sessions: int
    behind_bytes: int
    broadcast_queue: int


class Totals(Output, frozen=True):
    """Counters since the start of this node."""

    received: int
    stored: int
    stored_by_kind: dict[str, int]
    delivered: int
    sent_bytes: int
    slow_consumers: int
    gaps_found: int
    gap_messages_repaired: int
    positions_lost: int
    broadcast_published: int
    broadcast_received: int
    broadcast_dropped: int
    broadcast_refused: int
    broadcast_interruptions: int
    loop_stalls: int
    hook_failures: int
    closed: dict[str, int]
    refused: dict[str, int]
    auth_failures: dict[str, int]
    handshakes_refused: dict[str, int]


class Series(Output, frozen=True):
    """Samples at intervals of `seconds`: their times (Unix time, seconds), and name -> values.

    A value is null if there was none.
    """

    seconds: float
    times: list[float]
    values: dict[str, list[float | None]]


class Overview(Output, frozen=True):
    """The state of a node. `health` is plugin -> part -> "ok" or an error."""

    node: Node
    now: Now
    totals: Totals
    health: dict[str, dict[str, str]]
    series: Series


class LoadedRoom(Output, frozen=True):
    """A room loaded on this node. `users` is the number of users on all nodes, as far as known."""

    name: str
    private: bool
    owner: str | None
    sessions: int
    users: int
    seq: int
    behind_bytes: int


class LoadedRooms(Output, frozen=True):
    """A part of this node's rooms. `found` is the total number of matches."""

    node: str
    rooms: list[LoadedRoom]
    found: int


class OpenSession(Output, frozen=True):
    """The session of a connection in a room. `seconds` is its duration."""

    connection: str
    user_id: str
    username: str
    room: str
    remote_ip: str
    dialect: str
    seconds: float
    behind_bytes: int


class OpenSessions(Output, frozen=True):
    """A part of this node's sessions. `found` is the total number of matches."""

    node: str
    sessions: list[OpenSession]
    found: int


class HookCalls(Output, frozen=True):
    """Statistics of the calls of a plugin's hook since the start. Times are in seconds."""

    plugin: str
    hook: str
    calls: int
    total: float
    p50: float | None
    p99: float | None
    failures: dict[str, int]
    stalls: int


class HookList(Output, frozen=True):
    """The hooks of all plugins."""

    hooks: list[HookCalls]
