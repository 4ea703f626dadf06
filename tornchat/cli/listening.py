"""The sockets that the server listens on."""

from __future__ import annotations

import socket
import traceback
import warnings

from tornado.netutil import bind_sockets

from tornchat.errors import SettingsError

BACKLOG = 4096


def bind(host: str, port: int) -> list[socket.socket]:
    """Listen on every address that `host` means. Raises `SettingsError`."""
    try:
        return bind_sockets(port, host, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        _drop_sockets(error)
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"tornchat can't listen on {host}:{port}: {reason}.",
            "Choose another --host or --port (0 takes any free one), or stop what is using it.",
        ) from None


def _drop_sockets(error: Exception) -> None:
    """Close what `bind_sockets` had open when it failed: nobody else can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        traceback.clear_frames(error.__traceback__)


def shown(bound: socket.socket) -> str:
    """Give host:port as it stands in a URL."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
