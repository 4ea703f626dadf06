"""The sections of the settings as types: each setting with its default, its bounds and its description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

Natural = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base class of the sections. Unknown keys are errors.

    `reload` tells how changes are applied to a running server, unless a setting says otherwise with
    `Meta(extra={"reload": ...})`; see `tornchat.config.reloading`.
    """

    reload: ClassVar[Literal["live", "workers", "restart"]] = "workers"


class TornchatSection(Section, frozen=True):
    """The server itself."""

    host: Annotated[
        str,
        Meta(
            description="The address to listen on. 0.0.0.0: all IPv4 addresses.", extra={"reload": "restart"}
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(ge=0, le=65535, description="The TCP port. 0: any free port.", extra={"reload": "restart"}),
    ] = 8888
    data_dir: Annotated[Path, Meta(description="The directory of the database and the signing key.")] = Path(
        "tornchat-data"
    )
    plugins: Annotated[
        tuple[str, ...],
        Meta(description="The plugins to load, in the order in which they are called."),
    ] = ("jwt", "peewee", "local")
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description="The minimum level to log: debug, info, warning or error.", extra={"reload": "live"}
        ),
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="The format of log lines: text, or json (one object per line)."),
    ] = "text"
    loop: Annotated[
        Literal["auto", "asyncio", "uvloop"],
        Meta(
            description="The event loop of `tornchat serve`: asyncio, uvloop, or auto (uvloop if installed)."
        ),
    ] = "auto"


class RoomsSection(Section, frozen=True):
    """Rooms and their history."""

    default: Annotated[
        str, Meta(min_length=1, description="The room that the chat page opens if its URL names none.")
    ] = "general"
    auto_create: Annotated[bool, Meta(description="Create a room when a user first joins it.")] = True
    creator_owns: Annotated[
        bool,
        Meta(
            description="Users own the rooms they create; guests never do, and the default room has no owner."
        ),
    ] = True
    name_pattern: Annotated[
        str, Meta(min_length=1, description="A regular expression that the whole name of a room must match.")
    ] = "[A-Za-z0-9_-]{1,64}"
    history_limit: Annotated[
        Natural, Meta(description="The number of messages sent to a client that joins.")
    ] = 50
    presence_limit: Annotated[
        Natural,
        Meta(
            description="Above this many users, joins and leaves are not sent and the list is cut. 0: never."
        ),
    ] = 0
    typing_limit: Annotated[
        Natural, Meta(description="Up to this many users in a room, it is shown who is typing. 0: never.")
    ] = 100
    receipts_limit: Annotated[
        Natural,
        Meta(description="Up to this many users in a room, all are told how far each has read. 0: never."),
    ] = 0


class UsersSection(Section, frozen=True):
    """The users who have been here."""

    directory: Annotated[
        bool,
        Meta(description="Let users find others by their names, at GET /api/users. Guests can't."),
    ] = False


class MessagesSection(Section, frozen=True):
    """What may be done to messages."""

    edit_seconds: Annotated[
        Natural, Meta(description="Seconds for which users may edit a message of theirs. 0: forever.")
    ] = 0
    open_seconds: Annotated[
        Natural,
        Meta(
            description="Seconds after which a streamed message that does not grow is closed as failed. "
            "0: never."
        ),
    ] = 120


class HistorySection(Section, frozen=True):
    """Retention of messages."""

    keep_days: Annotated[
        Natural, Meta(description="Delete messages older than this many days. 0: keep all messages.")
    ] = 0


class ConsumersSection(Section, frozen=True):
    """Durable consumers of plugins, such as webhooks."""

    patience_days: Annotated[
        Natural,
        Meta(description="Days for which old messages that a consumer has not taken are kept for it."),
    ] = 7


class AuditSection(Section, frozen=True):
    """The audit: who did what to whom, and when."""

    keep_days: Annotated[
        Natural, Meta(description="Delete entries older than this many days; 0 keeps them forever.")
    ] = 365


class LimitsSection(Section, frozen=True):
    """Limits per client. 0: no limit."""

    reload = "live"

    frame_bytes: Annotated[
        Natural,
        Meta(description="Maximum size of a WebSocket message in bytes; larger ones close with 1009."),
    ] = 65536
    message_chars: Annotated[Natural, Meta(description="Maximum length of a chat message in characters.")] = (
        4000
    )
    messages_per_second: Annotated[
        Seconds,
        Meta(description="Maximum average rate of messages per user, over all connections."),
    ] = 10.0
    burst: Annotated[
        Natural,
        Meta(description="Messages that a user may send at once, if messages_per_second is set."),
    ] = 100
    bytes_per_second: Annotated[
        Natural, Meta(description="Maximum average rate of message bytes per user, over all connections.")
    ] = 65536
    bytes_burst: Annotated[
        Natural,
        Meta(description="Bytes of messages that a user may send at once, if bytes_per_second is set."),
    ] = 1048576
    connections: Annotated[
        Annotated[int, Meta(ge=0)] | Literal["auto"],
        Meta(
            description="Connections of one process; more are refused with 503. auto: its descriptors, less "
            "64 or a quarter of them, whichever is less."
        ),
    ] = "auto"
    connections_per_address: Annotated[
        Natural, Meta(description="Connections of one address (of one IPv6 /64 network).")
    ] = 1000
    handshakes_per_second: Annotated[
        Seconds, Meta(description="WebSocket handshakes of one address, in the long run.")
    ] = 20.0
    handshake_burst: Annotated[
        Natural, Meta(description="Handshakes that may come at once, with handshakes_per_second set.")
    ] = 500
    sockets_per_room: Annotated[
        Natural, Meta(description="WebSockets of one user in one room, on one node.")
    ] = 20
    sockets_per_user: Annotated[Natural, Meta(description="WebSockets of one user, on one node.")] = 1000
    rooms_per_connection: Annotated[
        Natural, Meta(description="Rooms that a connection for many rooms may have joined at a time.")
    ] = 100
    watched_rooms: Annotated[
        Natural, Meta(description="Rooms that a connection for many rooms may watch without joining them.")
    ] = 1000
    failed_logins_per_minute: Annotated[
        Natural,
        Meta(description="Failed logins of one address that are answered without a delay."),
    ] = 20
    joins_per_second: Annotated[
        Seconds, Meta(description="Maximum average rate of joins per user; more are closed with 1013.")
    ] = 50.0
    join_burst: Annotated[
        Natural, Meta(description="Joins that a user may make at once, if joins_per_second is set.")
    ] = 500
    rooms_per_user: Annotated[Natural, Meta(description="Maximum number of rooms that a user may own.")] = (
        1000
    )
    rooms_per_hour: Annotated[
        Natural, Meta(description="Maximum number of rooms that a user may create in an hour.")
    ] = 60
    reports_per_hour: Annotated[
        Natural, Meta(description="Maximum number of messages that a user may report in an hour.")
    ] = 60
    members_per_room: Annotated[
        Natural, Meta(description="Maximum number of members of a room; more can't be added.")
    ] = 5000
    sanctions_per_room: Annotated[
        Natural, Meta(description="Maximum number of bans of a room, and as many mutes and as many kicks.")
    ] = 2000
    send_buffer_bytes: Annotated[
        Natural,
        Meta(description="Maximum bytes that a slow client may fall behind; then it is closed with 1013."),
    ] = 1048576
    resume_messages: Annotated[
        Natural, Meta(description="Maximum number of missed messages sent to a client that reconnects.")
    ] = 10000
    requests_per_second: Annotated[
        Seconds,
        Meta(description="Maximum average rate of HTTP API calls per user (without a token: per address)."),
    ] = 20.0
    request_burst: Annotated[
        Natural, Meta(description="Calls that a user may make at once, if requests_per_second is set.")
    ] = 100


class ServerSection(Section, frozen=True):
    """Connections and HTTP."""

    certfile: Annotated[
        Path | None,
        Meta(
            description="A PEM file with the certificate chain, for TLS. Not set: no TLS.",
            extra={"reload": "live"},
        ),
    ] = None
    keyfile: Annotated[
        Path | None,
        Meta(
            description="A PEM file with the private key. Not set: it is in certfile.",
            extra={"reload": "live"},
        ),
    ] = None
    api: Annotated[bool, Meta(description="Serve the HTTP API under /api/ and its documentation.")] = True
    pages: Annotated[bool, Meta(description="Serve the web pages: the chat page at / and the others.")] = True
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Other origins whose pages may connect, such as https://example.org. *: all origins.",
            extra={"reload": "live"},
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks of the proxies whose X-Forwarded-For or Forwarded, X-Forwarded-Proto and "
            "X-Forwarded-Prefix are believed; unix for a proxy at a UNIX socket."
        ),
    ] = ()
    prefix: Annotated[
        str,
        Meta(
            description="The path below which a proxy has this server, such as /talk. Empty: what trusted "
            "proxies name in X-Forwarded-Prefix, or none."
        ),
    ] = ""
    allow_query_token: Annotated[
        bool, Meta(description="Accept ?token=... in the URL. Note that proxies may log URLs.")
    ] = True
    ping_interval: Annotated[Seconds, Meta(description="Seconds between pings to a client. 0: no pings.")] = (
        25.0
    )
    ping_timeout: Annotated[
        Seconds, Meta(description="Seconds after which an unanswered ping ends the connection.")
    ] = 20.0
    workers: Annotated[
        int,
        Meta(
            ge=1,
            le=256,
            description="Number of processes that share the port. More than 1 require the plugin redis.",
            extra={"reload": "restart"},
        ),
    ] = 1
    drain_seconds: Annotated[
        Seconds, Meta(description="Maximum seconds that a shutdown takes to close all connections.")
    ] = 10.0
    compression: Annotated[
        bool,
        Meta(description="Offer compression (permessage-deflate), which costs CPU time."),
    ] = False
    watchdog_seconds: Annotated[
        Seconds,
        Meta(description="Log code that blocks the event loop for longer than this many seconds. 0: never."),
    ] = 0.2


class GuestSection(Section, frozen=True):
    """Guests: users without an account, who get a temporary token from POST /api/guest."""

    enabled: Annotated[
        Literal["auto", "yes", "no"],
        Meta(
            description="yes, no, or auto: only if there is neither a settings file nor a configured signing "
            "key, and only for clients on this machine without a proxy."
        ),
    ] = "auto"
    lifetime: Annotated[
        float, Meta(ge=1, le=86400 * 30, description="Validity of a guest token in seconds.")
    ] = 3600.0
    per_minute: Annotated[
        Natural, Meta(description="Maximum number of guest tokens per address and minute. 0: no limit.")
    ] = 10
    rooms_per_hour: Annotated[
        Natural,
        Meta(
            description="Maximum number of rooms that all guests together may create in an hour on one node. "
            "0: no limit."
        ),
    ] = 300
    notes_per_hour: Annotated[
        Natural,
        Meta(
            description="Maximum number of blocks and reports that all guests together may store in an hour "
            "on one node. 0: no limit."
        ),
    ] = 600


class MetricsSection(Section, frozen=True):
    """Metrics for Prometheus at /metrics."""

    enabled: Annotated[bool, Meta(description="Serve /metrics.")] = True
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks whose clients may read the metrics. Behind a proxy, use the token instead, "
            "since client addresses are not known."
        ),
    ] = ("127.0.0.0/8", "::1/128")
    host: Annotated[str, Meta(description="The address for the following port.")] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65000,
            description="An additional port for the metrics of each process: this one for worker 1, the next "
            "one for worker 2, and so on. 0: none.",
        ),
    ] = 0
    token: Annotated[
        str | None,
        Meta(
            description="A bearer token, of at least 16 characters, that permits reading the metrics from "
            "any address. token_file names a file that contains it.",
            extra={"secret": True},
        ),
    ] = None


SECTIONS: Mapping[str, type[Section]] = MappingProxyType(
    {
        "tornchat": TornchatSection,
        "rooms": RoomsSection,
        "users": UsersSection,
        "messages": MessagesSection,
        "history": HistorySection,
        "consumers": ConsumersSection,
        "audit": AuditSection,
        "limits": LimitsSection,
        "server": ServerSection,
        "guest": GuestSection,
        "metrics": MetricsSection,
    }
)


def describe(form: type[msgspec.Struct]) -> dict[str, str]:
    """Return the descriptions of a section's settings by key, from `Meta(description=...)`."""
    words = {}
    hints = get_type_hints(form, include_extras=True)
    for name in form.__struct_fields__:
        notes = [note for note in get_args(hints[name])[1:] if isinstance(note, Meta)]
        words[name] = " ".join(note.description for note in notes if note.description)
    return words


def secret_keys(form: type[msgspec.Struct]) -> frozenset[str]:
    """Return the keys of a section that are marked as secret with `Meta(extra={"secret": True})`."""
    hints = get_type_hints(form, include_extras=True).items()
    return frozenset(
        name
        for name, hint in hints
        for note in get_args(hint)[1:]
        if isinstance(note, Meta) and (note.extra or {}).get("secret")
    )
