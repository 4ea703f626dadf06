"""Definitions of the metrics: name, kind, description, and the function that reads the value.

Names and units follow the conventions of Prometheus: seconds and bytes, and `_total` for counters.
docs/metrics.md contains the same table, which a test verifies.
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
    """The source of the values: a running chat, its plugins and the number of its connections.

    `health` is the last known plugin -> part -> "ok" or an error.
    """

    chat: Chat
    hooks: Hooks
    connections: int
    health: Mapping[str, Mapping[str, str]]


class Family(NamedTuple):
    """A metric. `read` returns its values, each with the values of its `labels`."""

    name: str
    kind: Kind
    words: str
    labels: tuple[str, ...]
    read: Callable[[Node], Values]


def backlog(chat: Chat) -> tuple[int, int]:
    """Return the number of sessions with pending data, and the total size of that data in bytes."""
    behind = [room.backlog() for room in chat.rooms.loaded()]
    return sum(sessions for sessions, _ in behind), sum(size for _, size in behind)


def sessions(chat: Chat) -> int:
    """Return the number of sessions on this node."""
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
    _gauge("tornchat_sessions", "Open sessions in rooms.", lambda node: sessions(node.chat)),
    _gauge("tornchat_rooms_loaded", "Loaded rooms.", lambda node: len(node.chat.rooms)),
    _counter("tornchat_connections_opened_total", "WebSockets opened.", lambda n: n.chat.counts.opened),
    _counters(
        "tornchat_connections_closed_total",
        "WebSockets closed, by close code; none: without a code, other: a code chosen by the client.",
        "code",
        lambda node: node.chat.counts.closed,
    ),
    _counters(
        "tornchat_handshakes_refused_total",
        "Refused WebSocket handshakes, by reason: origin, bad_request, limit.",
        "reason",
        lambda node: node.chat.counts.handshakes_refused,
    ),
    _counters(
        "tornchat_auth_failures_total",
        "Failed authentications, by reason: no_token, refused, expired, ambiguous, unavailable.",
        "reason",
        lambda node: node.chat.counts.auth_failures,
    ),
)
LIMITS = (
    _counters(
        "tornchat_limits_exceeded_total",
        "Exceeded limits, by name of the limit.",
        "limit",
        lambda node: node.chat.counts.limits,
    ),
)
MESSAGES = (
    _counter(
        "tornchat_messages_received_total",
        "Text messages received from clients.",
        lambda n: n.chat.counts.received,
    ),
    _counter(
        "tornchat_received_bytes_total",
        "Bytes of text messages received from clients.",
        lambda n: n.chat.counts.received_bytes,
    ),
    _counter(
        "tornchat_messages_stored_total",
        "Entries stored in the log by this node.",
        lambda node: node.chat.counts.stored,
    ),
    _counters(
        "tornchat_entries_stored_total",
        "Entries stored in the log by this node, by kind.",
        "kind",
        lambda node: node.chat.counts.stored_by_kind(),
    ),
    Family(
        "tornchat_messages_refused_total",
        "counter",
        "Messages refused, by error code and transport: websocket, http, code.",
        ("code", "transport"),
        lambda node: dict(node.chat.counts.refused).items(),
    ),
    _counter(
        "tornchat_messages_delivered_total",
        "Deliveries: each entry counts once per session in its room.",
        lambda node: node.chat.counts.deliveries,
    ),
    _counter(
        "tornchat_sent_bytes_total",
        "Bytes of frames sent, without pings and close frames.",
        lambda node: node.chat.counts.sent_bytes,
    ),
    _histogram(
        "tornchat_delivery_latency_seconds",
        "Time from the arrival of a commit's first message until the last write to a member on this node.",
        lambda node: node.chat.turn.seconds,
    ),
    _gauge(
        "tornchat_behind_sessions",
        "Sessions with unsent data.",
        lambda node: backlog(node.chat)[0],
    ),
    _gauge(
        "tornchat_behind_bytes",
        "Unsent bytes, summed over sessions.",
        lambda node: backlog(node.chat)[1],
    ),
    _counter(
        "tornchat_slow_consumers_total",
        "Sessions closed because they read too slowly.",
        lambda node: node.chat.counts.slow,
    ),
)
STORAGE = (
    _histogram(
        "tornchat_commit_duration_seconds",
        "Duration of store calls.",
        lambda node: node.chat.committer.seconds,
    ),
    _histogram(
        "tornchat_commit_messages",
        "Messages per store call.",
        lambda node: node.chat.committer.sizes,
    ),
    _gauge(
        "tornchat_store_queue_messages",
        "Messages queued for the next store call.",
        lambda node: node.chat.committer.waiting,
    ),
    _gauge(
        "tornchat_store_in_flight_messages",
        "Messages in the current store call.",
        lambda node: node.chat.committer.in_flight,
    ),
)
LOOP = (
    _histogram(
        "tornchat_loop_lag_seconds",
        "Delay of a timer of the event loop, sampled ten times per second.",
        lambda node: node.chat.lag.seconds,
    ),
    Family(
        "tornchat_loop_stalls_total",
        "counter",
        "Stalls of the event loop, by the plugin and hook that caused them; empty labels: not a plugin.",
        ("plugin", "hook"),
        _stalls,
    ),
)
BROADCAST = (
    _counter(
        "tornchat_broadcast_published_total",
        "Payloads passed to the broadcast plugin.",
        lambda node: node.chat.publisher.published,
    ),
    _counter(
        "tornchat_broadcast_dropped_total",
        "Payloads not published because the queue was full or the plugin failed.",
        lambda node: node.chat.publisher.dropped,
    ),
    _counter(
        "tornchat_broadcast_received_total",
        "Payloads received from other nodes.",
        lambda node: node.chat.publisher.received,
    ),
    _counter(
        "tornchat_broadcast_refused_total",
        "Received payloads that were foreign, malformed or for another room.",
        lambda node: node.chat.publisher.ignored,
    ),
    _counter(
        "tornchat_broadcast_echoed_total",
        "Received payloads that this node had published itself.",
        lambda node: node.chat.publisher.echoed,
    ),
    _gauge(
        "tornchat_broadcast_queue_payloads",
        "Payloads queued for publishing.",
        lambda node: node.chat.publisher.waiting,
    ),
    _counter(
        "tornchat_broadcast_interruptions_total",
        "Interruptions during which payloads may have been lost, such as reconnects.",
        lambda node: node.chat.rooms.missed,
    ),
    _counter(
        "tornchat_gaps_found_total",
        "Gaps found in the entries received by a room.",
        lambda node: node.chat.rooms.gaps,
    ),
    _counter(
        "tornchat_gap_messages_repaired_total",
        "Missed entries read from the log.",
        lambda node: node.chat.rooms.repaired,
    ),
    _counter(
        "tornchat_positions_lost_total",
        "Rooms whose log differed from the one sent to their members (close code 4010).",
        lambda node: node.chat.rooms.lost,
    ),
    _counter(
        "tornchat_foreign_nodes_total",
        "Nodes found that write to the same database and are not connected by the broadcast.",
        lambda node: node.chat.strangers.found,
    ),
)
PLUGINS = (
    Family(
        "tornchat_plugin_healthy",
        "gauge",
        "1 if this part of the plugin is ok, else 0.",
        ("plugin", "part"),
        _health,
    ),
    Family(
        "tornchat_hook_duration_seconds",
        "histogram",
        "Duration of calls of a plugin's hook, including failed ones.",
        ("plugin", "hook"),
        _hook_seconds,
    ),
    Family(
        "tornchat_hook_failures_total",
        "counter",
        "Failed calls, by kind: error (exception), timeout, junk (invalid result), unavailable.",
        ("plugin", "hook", "kind"),
        _hook_failures,
    ),
    _counters(
        "tornchat_tells_missed_total",
        "Events not passed to a plugin because its queue was full.",
        "plugin",
        lambda node: node.hooks.tells.missed,
    ),
    Family(
        "tornchat_tells_waiting",
        "gauge",
        "Events queued for a plugin.",
        ("plugin",),
        lambda node: [((plugin,), waiting) for plugin, waiting in node.hooks.tells.waiting().items()],
    ),
)
CONSUMERS = (
    Family(
        "tornchat_consumer_lag_seconds",
        "gauge",
        "How long the longest waiting entry has waited, for the consumers that this node serves.",
        ("consumer",),
        lambda node: [((one.consumer.name,), one.lag) for one in node.chat.consumers.held()],
    ),
    Family(
        "tornchat_consumer_failing_rooms",
        "gauge",
        "Rooms where a consumer has failed and will be tried again, on this node.",
        ("consumer",),
        lambda node: [((one.consumer.name,), one.failing) for one in node.chat.consumers.held()],
    ),
    _counters(
        "tornchat_consumer_entries_total",
        "Entries that a consumer has taken on this node.",
        "consumer",
        lambda node: node.chat.consumers.taken,
    ),
    _counters(
        "tornchat_consumer_failures_total",
        "Batches that a consumer has not taken on this node.",
        "consumer",
        lambda node: node.chat.consumers.failures,
    ),
)
FAMILIES = (
    Family(
        "tornchat_build_info",
        "gauge",
        "Always 1; the labels are the versions and the id of this node.",
        ("version", "python_version", "tornado_version", "node_id"),
        _build,
    ),
    *CONNECTIONS,
    *LIMITS,
    *MESSAGES,
    *STORAGE,
    *LOOP,
    *CONSUMERS,
    *BROADCAST,
    *PLUGINS,
)
