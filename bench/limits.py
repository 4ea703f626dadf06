"""The limits of tornchat that the bench switches off, so that a load measures the server and not a limit."""

from __future__ import annotations

from collections.abc import Collection

LIFTED = (
    "limits.messages_per_second",
    "limits.bytes_per_second",
    "limits.requests_per_second",
    "limits.rooms_per_user",
    "limits.rooms_per_hour",
    "limits.members_per_room",
    "limits.sanctions_per_room",
    "limits.joins_per_second",
    "limits.connections",
    "limits.connections_per_address",
    "limits.handshakes_per_second",
    "limits.sockets_per_room",
    "limits.sockets_per_user",
    "limits.failed_logins_per_minute",
)
"""Settings of the form `section.key` that are set to 0, which means no limit. A new limit that a load can
reach belongs here; a server that does not have the setting is started without it."""
KEPT = (
    "limits.frame_bytes",
    "limits.message_chars",
    "limits.burst",
    "limits.bytes_burst",
    "limits.send_buffer_bytes",
    "limits.resume_messages",
    "limits.request_burst",
    "limits.handshake_burst",
    "limits.join_burst",
    "limits.reports_per_hour",
)
"""Limits that stay at their defaults: no load reaches them, or a rate that is off makes them void."""


def lifted(known: Collection[str]) -> list[str]:
    """Return the words for `tornchat serve` that switch the limits off, of a server with these settings."""
    return [word for key in LIFTED if key in known for word in ("--set", f"{key}=0")]
