"""Every metric of our own: its name, its kind, what it says, and where its number is kept.

Names and units are as Prometheus has them: seconds and bytes, `_total` for what only grows. docs/metrics.md
is the same table, and a test holds the two equal.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

import tornado

from tornchat.hooks.calls import Hooks
from tornchat.metrics.histogram import Histogram
from tornchat.service.chat import Chat
from tornchat.version import __version__

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Values: TypeAlias = Iterable[tuple[tuple[str, ...], float | Histogram]]
Single: TypeAlias = Callable[["Node"], float | Histogram]


class Node(NamedTuple):
    """What is measured: a chat that runs, its plugins, and how many connections it has.

    `health` is plugin -> part -> "ok" or what is wrong, as it was told last.
    """

    chat: Chat
    hooks: Hooks
    connections: int
    health: Mapping[str, Mapping[str, str]]


class Family(NamedTuple):
    """A metric. `read` gives its values, each with those of its `labels`."""

    name: str
    kind: Kind
    words: str
    labels: tuple[str, ...]
    read: Callable[[Node], Values]


def backlog(chat: Chat) -> tuple[int, int]:
    """How many sessions have not been sent all, and how many bytes they are behind together."""
    behind = [room.backlog() for room in chat.rooms.loaded()]
    return sum(sessions for sessions, _ in behind), sum(size for _, size in behind)


def sessions(chat: Chat) -> int:
    """How many sessions there are on this node."""
    return sum(room.population for room in chat.rooms.loaded())


def _counter(name: str, words: str, read: Single) -> Family:
    return Family(name, "counter", words, (), lambda node: [((), read(node))])


def _gauge(name: str, words: str, read: Single) -> Family:
    return Family(name, "gauge", words, (), lambda node: [((), read(node))])


def _histogram(name: str, words: str, read: Single) -> Family:
    return Family(name, "histogram", words, (), lambda node: [((), read(node))])


def _counters(name: str, words: str, label: str, read: Callable[[Node], Mapping[str, int]]) -> Family:
    return Family(
        name, "counter", words, (label,), lambda node: [((key,), n) for key, n in dict(read(node)).items()]
    )


def _build(node: Node) -> Values:
    yield (__version__, platform.python_version(), tornado.version, node.chat.node_id), 1


def _health(node: Node) -> Values:
    for plugin, parts in node.health.items():
        for part, words in parts.items():
            yield (plugin, part), float(words == "ok")


def _hook_seconds(node: Node) -> Values:
    for found in node.hooks.implementations():
        yield (found.plugin, found.hook), found.seconds


def _hook_failures(node: Node) -> Values:
    for found in node.hooks.implementations():
        for kind, count in dict(found.failures).items():
            yield (found.plugin, found.hook, kind), count


def _stalls(node: Node) -> Values:
    yield ("", ""), node.hooks.stalls
    for found in node.hooks.implementations():
        if found.stalls:
            yield (found.plugin, found.hook), found.stalls


CONNECTIONS = (
    _gauge("tornchat_connections", "Open WebSockets.", lambda node: node.connections),
    _gauge("tornchat_sessions", "Sessions in rooms.", lambda node: sessions(node.chat)),
    _gauge("tornchat_rooms_loaded", "Rooms in memory.", lambda node: len(node.chat.rooms)),
    _counter("tornchat_connections_opened_total", "WebSockets opened.", lambda n: n.chat.counts.opened),
    _counters(
        "tornchat_connections_closed_total",
        "WebSockets ended, by close code: none came without one, other is one of the client's own.",
        "code",
        lambda node: node.chat.counts.closed,
    ),
    _counters(
        "tornchat_handshakes_refused_total",
        "Requests for a WebSocket that got none: origin, bad_request.",
        "reason",
        lambda node: node.chat.counts.handshakes_refused,
    ),
    _counters(
        "tornchat_auth_failures_total",
        "Connections that nobody could be made out for: no_token, refused, expired, ambiguous, unavailable.",
        "reason",
        lambda node: node.chat.counts.auth_failures,
    ),
)
MESSAGES = (
    _counter(
        "tornchat_messages_received_total", "Text messages from clients.", lambda n: n.chat.counts.received
    ),
    _counter(
        "tornchat_received_bytes_total", "Bytes of those messages.", lambda n: n.chat.counts.received_bytes
    ),
    _counter(
        "tornchat_messages_stored_total",
        "Entries this node brought into the log.",
        lambda node: node.chat.counts.stored,
    ),
    _counters(
        "tornchat_messages_refused_total",
        "Messages answered by an error, by its code.",
        "code",
        lambda node: node.chat.counts.refused,
    ),
    _counter(
        "tornchat_messages_delivered_total",
        "Entries times the sessions that were in their room.",
        lambda node: node.chat.counts.deliveries,
    ),
    _counter(
        "tornchat_sent_bytes_total",
        "Bytes of frames given to sockets, without pings and close frames.",
        lambda node: node.chat.counts.sent_bytes,
    ),
    _histogram(
        "tornchat_delivery_latency_seconds",
        "From the arrival of a commit's first message until its last member here was written to.",
        lambda node: node.chat.turn.seconds,
    ),
    _gauge(
        "tornchat_behind_sessions",
        "Sessions that have not been sent all yet.",
        lambda node: backlog(node.chat)[0],
    ),
    _gauge(
        "tornchat_behind_bytes",
        "Bytes that wait for them, counted per session.",
        lambda node: backlog(node.chat)[1],
    ),
    _counter(
        "tornchat_slow_consumers_total",
        "Sessions cut off since they read too slowly.",
        lambda node: node.chat.counts.slow,
    ),
)
STORAGE = (
    _histogram(
        "tornchat_commit_duration_seconds",
        "How long the store calls took.",
        lambda node: node.chat.committer.seconds,
    ),
    _histogram(
        "tornchat_commit_messages",
        "How many messages were in one store call.",
        lambda node: node.chat.committer.sizes,
    ),
    _gauge(
        "tornchat_store_queue_messages",
        "Messages that wait for the next store call.",
        lambda node: node.chat.committer.waiting,
    ),
    _gauge(
        "tornchat_store_in_flight_messages",
        "Messages in the store call under way.",
        lambda node: node.chat.committer.in_flight,
    ),
)
LOOP = (
    _histogram(
        "tornchat_loop_lag_seconds",
        "How late a timer of the event loop was; sampled ten times a second.",
        lambda node: node.chat.lag.seconds,
    ),
    Family(
        "tornchat_loop_stalls_total",
        "counter",
        "How often the event loop was blocked, by the plugin and hook that did it; both empty: no plugin.",
        ("plugin", "hook"),
        _stalls,
    ),
)
BROADCAST = (
    _counter(
        "tornchat_broadcast_published_total",
        "Payloads given to the broadcast plugin.",
        lambda node: node.chat.publisher.published,
    ),
    _counter(
        "tornchat_broadcast_dropped_total",
        "Payloads not published: the queue was full, or the plugin failed.",
        lambda node: node.chat.publisher.dropped,
    ),
    _counter(
        "tornchat_broadcast_received_total",
        "Payloads of other nodes.",
        lambda node: node.chat.publisher.received,
    ),
    _counter(
        "tornchat_broadcast_refused_total",
        "Payloads that were not ours, damaged, or for another room.",
        lambda node: node.chat.publisher.ignored,
    ),
    _counter(
        "tornchat_broadcast_echoed_total",
        "This node's own payloads that came back.",
        lambda node: node.chat.publisher.echoed,
    ),
    _gauge(
        "tornchat_broadcast_queue_payloads",
        "Payloads still to be published.",
        lambda node: node.chat.publisher.waiting,
    ),
    _counter(
        "tornchat_broadcast_interruptions_total",
        "How often the bus may have lost something, as when it was connected anew.",
        lambda node: node.chat.rooms.missed,
    ),
    _counter(
        "tornchat_gaps_found_total",
        "How often a room missed entries of its log.",
        lambda node: node.chat.rooms.gaps,
    ),
    _counter(
        "tornchat_gap_messages_repaired_total",
        "Missed entries that were read from the log.",
        lambda node: node.chat.rooms.repaired,
    ),
    _counter(
        "tornchat_positions_lost_total",
        "Rooms whose log was another one than their members were shown (close code 4010).",
        lambda node: node.chat.rooms.lost,
    ),
)
PLUGINS = (
    Family(
        "tornchat_plugin_healthy",
        "gauge",
        "1 if this part of the plugin says ok, else 0.",
        ("plugin", "part"),
        _health,
    ),
    Family(
        "tornchat_hook_duration_seconds",
        "histogram",
        "How long calls of a plugin's hook took, those that failed among them.",
        ("plugin", "hook"),
        _hook_seconds,
    ),
    Family(
        "tornchat_hook_failures_total",
        "counter",
        "Calls that failed: error (it raised), timeout, junk (it returned what it may not), unavailable.",
        ("plugin", "hook", "kind"),
        _hook_failures,
    ),
    _counters(
        "tornchat_tells_missed_total",
        "Events a plugin was never told of, since it was too far behind.",
        "plugin",
        lambda node: node.hooks.tells.missed,
    ),
    Family(
        "tornchat_tells_waiting",
        "gauge",
        "Events that a plugin is still to be told of.",
        ("plugin",),
        lambda node: [((plugin,), waiting) for plugin, waiting in node.hooks.tells.waiting().items()],
    ),
)
FAMILIES = (
    Family(
        "tornchat_build_info",
        "gauge",
        "1; the labels say what runs here, and which node it is.",
        ("version", "python_version", "tornado_version", "node_id"),
        _build,
    ),
    *CONNECTIONS,
    *MESSAGES,
    *STORAGE,
    *LOOP,
    *BROADCAST,
    *PLUGINS,
)
