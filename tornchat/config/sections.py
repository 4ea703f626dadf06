"""The sections of tornchat.ini as types: every setting with its default, its bounds and its explanation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

Natural = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section of the settings. An unknown key in it is an error."""


class TornchatSection(Section, frozen=True):
    """The server itself."""

    host: Annotated[str, Meta(description="The address to listen on. 0.0.0.0 is every IPv4 address.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65535, description="The port; 0 takes any free one.")] = 8888
    data_dir: Annotated[Path, Meta(description="Where the database and the signing key lie.")] = Path(
        "tornchat-data"
    )
    plugins: Annotated[
        tuple[str, ...],
        Meta(description="What is loaded, in the order in which it is called; nothing else is imported."),
    ] = ("jwt", "peewee", "local")
    log_level: Annotated[
        str, Meta(pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="How a line of the log looks: text for people, json for programs."),
    ] = "text"
    loop: Annotated[
        Literal["auto", "asyncio", "uvloop"],
        Meta(description="What `tornchat serve` runs on: asyncio, uvloop, or auto: uvloop if installed."),
    ] = "auto"


class RoomsSection(Section, frozen=True):
    """Rooms."""

    default: Annotated[
        str, Meta(min_length=1, description="The room that the chat page opens when none is named.")
    ] = "general"
    auto_create: Annotated[bool, Meta(description="Create a room when somebody first enters it.")] = True
    name_pattern: Annotated[
        str, Meta(description="What a room's whole name must match (a regular expression).")
    ] = "[A-Za-z0-9_-]{1,64}"
    history_limit: Annotated[Natural, Meta(description="How many messages are sent to who enters.")] = 50
    presence_limit: Annotated[
        Natural,
        Meta(
            description="Above this many users joins and leaves are not told and the list is cut. 0: never."
        ),
    ] = 0


class HistorySection(Section, frozen=True):
    """How long messages are kept."""

    keep_days: Annotated[
        Natural, Meta(description="Forget messages that are older than so many days. 0: keep them for ever.")
    ] = 0


class LimitsSection(Section, frozen=True):
    """What one client may do. 0 is no limit."""

    frame_bytes: Annotated[
        Natural, Meta(description="Bytes of a message on the wire; more ends with 1009.")
    ] = 65536
    message_chars: Annotated[Natural, Meta(description="Characters of a chat message.")] = 4000
    messages_per_second: Annotated[
        Seconds,
        Meta(description="Messages of one user, over all connections; more are slowed down."),
    ] = 10.0
    burst: Annotated[
        Natural, Meta(description="Messages that a user may send at once, with messages_per_second set.")
    ] = 100
    bytes_per_second: Annotated[
        Natural,
        Meta(description="Bytes of messages of one user; more are slowed down."),
    ] = 65536
    bytes_burst: Annotated[
        Natural, Meta(description="Bytes that a user may send at once, with bytes_per_second set.")
    ] = 1048576
    rooms_per_user: Annotated[Natural, Meta(description="Rooms that one user may create.")] = 1000
    send_buffer_bytes: Annotated[
        Natural, Meta(description="How far a slow reader may fall behind before it is closed with 1013.")
    ] = 1048576
    resume_messages: Annotated[
        Natural, Meta(description="How many missed messages a reconnecting client is sent.")
    ] = 10000
    requests_per_second: Annotated[
        Seconds, Meta(description="HTTP API calls of one user (of one address without a token).")
    ] = 20.0
    request_burst: Annotated[
        Natural, Meta(description="Calls that may come at once, with requests_per_second set.")
    ] = 100


class ServerSection(Section, frozen=True):
    """Connections."""

    api: Annotated[bool, Meta(description="Serve the HTTP API under /api/, and its documents.")] = True
    pages: Annotated[bool, Meta(description="Serve the pages: the chat at /, and the others.")] = True
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(description="Sites, besides this one, whose pages may connect: https://example.org; * is all."),
    ] = ()
    allow_query_token: Annotated[
        bool, Meta(description="Accept ?token=... in the URL. URLs end up in logs of proxies.")
    ] = True
    ping_interval: Annotated[Seconds, Meta(description="Seconds between pings to a client; 0 is never.")] = (
        25.0
    )
    ping_timeout: Annotated[Seconds, Meta(description="Seconds until an unanswered ping ends it.")] = 20.0
    workers: Annotated[
        int,
        Meta(
            ge=1,
            le=256,
            description="Processes of `tornchat serve` that share the port. More than 1 need redis.",
        ),
    ] = 1
    drain_seconds: Annotated[
        Seconds, Meta(description="Over how long a stop closes many clients, and waits for the last.")
    ] = 10.0
    compression: Annotated[
        bool,
        Meta(description="Compress for clients that ask for it (permessage-deflate); it takes CPU time."),
    ] = False
    watchdog_seconds: Annotated[
        Seconds,
        Meta(description="Name in the log what blocks the event loop for longer than this; 0 is never."),
    ] = 0.2


class GuestSection(Section, frozen=True):
    """Guests: who has no account gets a token for a while, from POST /api/guest."""

    enabled: Annotated[
        Literal["auto", "yes", "no"],
        Meta(
            description="auto: only without a settings file and a signing key of one's own, and only for "
            "clients on this machine that no proxy stands before."
        ),
    ] = "auto"
    lifetime: Annotated[
        float, Meta(ge=1, le=86400 * 30, description="Seconds that a guest's token is valid.")
    ] = 3600.0
    per_minute: Annotated[
        Natural, Meta(description="Tokens that one address is given in a minute; 0 is no limit.")
    ] = 10


class MetricsSection(Section, frozen=True):
    """`/metrics`, for Prometheus."""

    enabled: Annotated[bool, Meta(description="Serve them.")] = True
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks from which they may be read. Behind a proxy nobody has an address of its "
            "own: use the token."
        ),
    ] = ("127.0.0.0/8", "::1/128")
    host: Annotated[str, Meta(description="The address of the port below.")] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65000,
            description="A port of each process's own for /metrics, besides the one that all share: worker 1 "
            "has this one, worker 2 the next. 0: none.",
        ),
    ] = 0
    token: Annotated[
        str | None,
        Meta(
            description="Who sends it as a bearer token may read them from anywhere; at least 16 "
            "characters. token_file names a file that holds it.",
            extra={"secret": True},
        ),
    ] = None


SECTIONS: Mapping[str, type[Section]] = MappingProxyType(
    {
        "tornchat": TornchatSection,
        "rooms": RoomsSection,
        "history": HistorySection,
        "limits": LimitsSection,
        "server": ServerSection,
        "guest": GuestSection,
        "metrics": MetricsSection,
    }
)


def describe(form: type[msgspec.Struct]) -> dict[str, str]:
    """Give key -> explanation, from the `Meta(description=...)` of a section's fields."""
    words = {}
    for name, hint in get_type_hints(form, include_extras=True).items():
        notes = [note for note in get_args(hint)[1:] if isinstance(note, Meta)]
        words[name] = " ".join(note.description for note in notes if note.description)
    return words


def secret_keys(form: type[msgspec.Struct]) -> frozenset[str]:
    """The keys of a section that are marked with `Meta(extra={"secret": True})`."""
    hints = get_type_hints(form, include_extras=True).items()
    return frozenset(
        name
        for name, hint in hints
        for note in get_args(hint)[1:]
        if isinstance(note, Meta) and (note.extra or {}).get("secret")
    )
