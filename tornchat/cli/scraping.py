"""A metrics port per process, since the port shared by the workers reaches any of them."""

from __future__ import annotations

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from tornchat.app import ChatApp
from tornchat.errors import SettingsError
from tornchat.server.edge.server import EdgeServer

IDLE_SECONDS = 90.0
"""A scraper may keep its connection between two scrapes."""


def scraping(chat: ChatApp, number: int | None) -> HTTPServer | None:
    """Listen at `[metrics] port`, or for worker `number` (1, 2, ...) at `port + number - 1`.

    Returns None if the port is not set. Raises `SettingsError`.
    """
    settings = chat.settings.metrics
    if not (settings.enabled and settings.port):
        return None
    port = settings.port + (number or 1) - 1
    server = EdgeServer(chat.metrics_application(), idle_connection_timeout=IDLE_SECONDS)
    server.guard(chat.edge, limited=False)
    try:
        # `reuse_port`, since a new worker starts before the one that it replaces has ended.
        server.add_sockets(bind_sockets(port, settings.host, reuse_port=number is not None))
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"[metrics] port: tornchat can't listen on {settings.host}:{port}: {error}.",
            "Choose another port, or 0 for none.",
        ) from None
    return server
