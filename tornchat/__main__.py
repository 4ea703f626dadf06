"""Starts the command `tornchat`, also as `python -m tornchat`.

It handles signals before it imports anything else, since that takes some tenths of a second. As process 1
of a container, a process without a handler would not get SIGTERM at all.
"""

from __future__ import annotations

import os
import signal
import sys

SERVERS = ("serve", "worker")


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] and sys.argv[1] in SERVERS:
        _begin_server()
    elif os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
    from tornchat.cli import main as run  # noqa: PLC0415 (after the signals, see above)

    run()


def _begin_server() -> None:
    """Until `Stop` and `Hangup` take over, a request to stop ends the process, which has not begun anything.

    The settings are read later, so that SIGHUP needs no answer.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: os._exit(0))
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
