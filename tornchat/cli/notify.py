"""Messages to systemd about the state of this process (`sd_notify`), for `Type=notify-reload` or `notify`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

READY = "READY=1"
RELOADING = "RELOADING=1"
STOPPING = "STOPPING=1"
VARIABLE = "NOTIFY_SOCKET"
PATIENCE = 1.0
"""Maximum wait in seconds for a service manager that does not read."""


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send `state`, such as `READY`, to the service manager. Does nothing without one. Raises nothing.

    Only the process that systemd has started may send it: the parent of workers, not the workers.
    """
    address = environment.get(VARIABLE, "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # a name without a file
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(PATIENCE)
            sender.sendto(state.encode(), address)
    except OSError:
        pass  # the server serves all the same; systemd ends it if it waits for READY


def notify_reloading(environment: Mapping[str, str] = os.environ) -> None:
    """Tell the service manager that a reload begins; `READY` ends it, whether or not it was successful.

    `MONOTONIC_USEC` is the time of this call: the manager ignores what was sent before its own request.
    """
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify(f"{RELOADING}\nMONOTONIC_USEC={now}", environment)
