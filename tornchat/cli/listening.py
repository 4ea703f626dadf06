"""The sockets that the server listens on: bound early, listening late, and handed on."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from typing import Any

from tornchat.errors import SettingsError

BACKLOG = 4096
FIRST_ACTIVATED = 3
"""The first descriptor that systemd hands over (sd_listen_fds(3))."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Take every address that `host` means, for which nobody listens yet. Raises `SettingsError`."""
    taken: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            chosen = taken[0].getsockname()[1] if taken else port  # one port for all, also if it is any
            taken += _bound(family, (address[0], chosen, *address[2:]), optional=host == "localhost")
        if not taken:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    except (OSError, UnicodeError) as error:
        for one in taken:
            one.close()
        raise _refusal(f"{host}:{port}", error) from None
    return taken


def listen(sockets: Iterable[socket.socket]) -> None:
    """Let clients in from now on. Raises `SettingsError`."""
    for bound in sockets:
        try:
            bound.listen(BACKLOG)
        except OSError as error:
            raise _refusal(shown(bound), error) from None


def adopt(descriptors: Iterable[int]) -> list[socket.socket]:
    """Give the sockets that another process has bound. Who is started from here does not inherit them."""
    adopted = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    for one in adopted:
        one.setblocking(False)
        one.set_inheritable(False)
    return adopted


def activated() -> list[socket.socket]:
    """Give the sockets of a systemd socket unit, if it has started this process; they listen already."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return adopt(range(FIRST_ACTIVATED, FIRST_ACTIVATED + count))


def shown(bound: socket.socket) -> str:
    """Give host:port as it stands in a URL."""
    if bound.family == socket.AF_UNIX:
        return str(bound.getsockname())
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return sorted({(int(family), address) for family, _, _, _, address in found})


def _bound(family: int, address: tuple[Any, ...], optional: bool) -> list[socket.socket]:
    """Give a socket with this address; none where the machine has no such, and can do without."""
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return []
        raise
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
        made.setblocking(False)
        made.bind(address)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL and family == socket.AF_INET6 and optional:
            return []  # a container without IPv6, whose localhost is ::1, too
        raise
    return [made]


def _refusal(where: str, error: Exception) -> SettingsError:
    reason = getattr(error, "strerror", None) or str(error)
    return SettingsError(
        f"tornchat can't listen on {where}: {reason}.",
        "Choose another --host or --port (0 takes any free one), or stop what is using it.",
    )
