"""The table of all API calls, from which routing, validation and the document are derived."""

from __future__ import annotations

from tornchat.server.http.api import (
    admin,
    audit,
    blocks,
    direct,
    identity,
    invites,
    marks,
    members,
    messages,
    mine,
    reports,
    revisions,
    rooms,
    sanctions,
    searching,
    users,
)
from tornchat.server.http.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *identity.ENDPOINTS,
    *blocks.ENDPOINTS,
    *mine.ENDPOINTS,
    *rooms.ENDPOINTS,
    *messages.ENDPOINTS,
    *searching.ENDPOINTS,
    *marks.ENDPOINTS,
    *revisions.ENDPOINTS,
    *members.ENDPOINTS,
    *invites.ENDPOINTS,
    *direct.ENDPOINTS,
    *sanctions.ENDPOINTS,
    *reports.ENDPOINTS,
    *users.ENDPOINTS,
    *admin.ENDPOINTS,
    *audit.ENDPOINTS,
)


def by_path() -> dict[str, dict[str, Endpoint]]:
    """Return path -> method -> endpoint."""
    found: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        found.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return found
