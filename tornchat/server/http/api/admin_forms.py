"""What the calls of the dashboard take and answer, as types."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from tornchat.server.http.api.forms import Input, Output, Timestamp

Search: TypeAlias = Annotated[str, Meta(max_length=256, description="What must be in a name or an id.")]
Rows: TypeAlias = Annotated[int, Meta(ge=1, le=500, description="How many at most.")]


class OverviewQuery(Input, frozen=True):
    """Samples later than `since` (Unix seconds) are given; 0 is all that are kept."""

    since: Annotated[float, Meta(ge=0)] = 0.0


class RoomsOrder(Input, frozen=True):
    """Which rooms of this node, and in which order."""

    q: Search = ""
    sort: Literal["name", "sessions", "users", "seq", "behind_bytes"] = "sessions"
    order: Literal["up", "down"] = "down"
    limit: Rows = 100


class SessionsOrder(Input, frozen=True):
    """Which sessions of this node, and in which order."""

    q: Search = ""
    sort: Literal["username", "room", "remote_ip", "seconds", "behind_bytes"] = "seconds"
    order: Literal["up", "down"] = "up"
    limit: Rows = 100


class Node(Output, frozen=True):
    """Which node answers. `scope` says how far its broadcast reaches: process or cluster."""

    id: str
    version: str
    scope: str
    started_at: Timestamp
    plugins: list[str]


class Now(Output, frozen=True):
    """How things are at this moment, on this node."""

    connections: int
    sessions: int
    rooms: int
    store_waiting: int
    store_in_flight: int
    behind_sessions: int
    behind_bytes: int
    broadcast_queue: int


class Totals(Output, frozen=True):
    """What happened since this node was started."""

    received: int
    stored: int
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
    """Samples, `seconds` apart: when each was taken (Unix seconds), and name -> values (null: none then)."""

    seconds: float
    times: list[float]
    values: dict[str, list[float | None]]


class Overview(Output, frozen=True):
    """One node at a glance. `health` is plugin -> part -> "ok" or what is wrong."""

    node: Node
    now: Now
    totals: Totals
    health: dict[str, dict[str, str]]
    series: Series


class LoadedRoom(Output, frozen=True):
    """A room in this node's memory. `users` are those of all nodes, as far as they were told."""

    name: str
    private: bool
    owner: str | None
    sessions: int
    users: int
    seq: int
    behind_bytes: int


class LoadedRooms(Output, frozen=True):
    """Some of this node's rooms; `found` is how many there are in all."""

    node: str
    rooms: list[LoadedRoom]
    found: int


class OpenSession(Output, frozen=True):
    """One connection's membership of a room. `seconds` is how long it has lasted."""

    connection: str
    user_id: str
    username: str
    room: str
    remote_ip: str
    dialect: str
    seconds: float
    behind_bytes: int


class OpenSessions(Output, frozen=True):
    """Some of this node's sessions; `found` is how many there are in all."""

    node: str
    sessions: list[OpenSession]
    found: int


class HookCalls(Output, frozen=True):
    """What became of the calls of one plugin's hook since the start. Times are in seconds."""

    plugin: str
    hook: str
    calls: int
    total: float
    p50: float | None
    p99: float | None
    failures: dict[str, int]
    stalls: int


class HookList(Output, frozen=True):
    """Every hook of every plugin."""

    hooks: list[HookCalls]
