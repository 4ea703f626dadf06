"""The listening sockets of the server: binding, listening, and passing them between processes."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from typing import Any

from tornchat.errors import SettingsError

BACKLOG = 4096
FIRST_ACTIVATED = 3
"""The first descriptor passed by systemd (sd_listen_fds(3))."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Bind sockets to all addresses of `host`, without listening. Raises `SettingsError`."""
    taken: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            chosen = taken[0].getsockname()[1] if taken else port  # port 0: the same free port for all
            taken += _bound(family, (address[0], chosen, *address[2:]), optional=host == "localhost")
        if not taken:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    except (OSError, UnicodeError) as error:
        for one in taken:
            one.close()
        raise _refusal(f"{host}:{port}", error) from None
    return taken


def listen(sockets: Iterable[socket.socket]) -> None:
    """Start listening on bound sockets. Raises `SettingsError`."""
    for bound in sockets:
        try:
            bound.listen(BACKLOG)
        except OSError as error:
            raise _refusal(shown(bound), error) from None


def adopt(descriptors: Iterable[int]) -> list[socket.socket]:
    """Return sockets for descriptors bound by another process. Child processes do not inherit them."""
    adopted = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    for one in adopted:
        one.setblocking(False)
        one.set_inheritable(False)
    return adopted


def activated() -> list[socket.socket]:
    """Return the listening sockets passed by a systemd socket unit; an empty list if there is none."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return adopt(range(FIRST_ACTIVATED, FIRST_ACTIVATED + count))


def shown(bound: socket.socket) -> str:
    """Return the address as host:port, in the form used in URLs."""
    if bound.family == socket.AF_UNIX:
        return str(bound.getsockname())
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return sorted({(int(family), address) for family, _, _, _, address in found})


def _bound(family: int, address: tuple[Any, ...], optional: bool) -> list[socket.socket]:
    """Return a list with a socket bound to the address; empty if the system does not support it.

    `optional` permits an address that is not available. Raises `OSError` for other errors.
    """
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return []
        raise
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a separate socket
        made.setblocking(False)
        made.bind(address)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL and family == socket.AF_INET6 and optional:
            return []  # a container without IPv6 whose localhost also resolves to ::1
        raise
    return [made]


def _refusal(where: str, error: Exception) -> SettingsError:
    reason = getattr(error, "strerror", None) or str(error)
    return SettingsError(
        f"tornchat can't listen on {where}: {reason}.",
        "Choose another --host or --port (0 takes any free one), or stop what is using it.",
    )
