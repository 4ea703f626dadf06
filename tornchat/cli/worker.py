"""`tornchat worker`: a worker process, started by `tornchat serve --workers` only."""

from __future__ import annotations

import signal
import socket
import threading

import click

from tornchat.app import ChatApp
from tornchat.cli import logs, node
from tornchat.cli.hangup import UNUSED
from tornchat.cli.listening import adopt
from tornchat.cli.options import Given, with_settings
from tornchat.cli.stop import Stop

READY = b"r"
WORKER_GRACE_SECONDS = 4.0
"""Seconds that a worker's stop may take in addition to the drain time; fewer than those of its parent."""
IGNORED = (signal.SIGINT, signal.SIGHUP, *UNUSED)
"""Signals that a terminal also sends to the workers, but only the parent handles; and those of no use."""


@click.command("worker", hidden=True)
@with_settings
@click.option("--number", type=int, required=True)
@click.option("--parent", type=int, required=True, metavar="FD")
@click.option("--socket", "descriptors", type=int, multiple=True, required=True, metavar="FD")
def command(given: Given, number: int, parent: int, descriptors: tuple[int, ...]) -> None:
    """Serve on inherited sockets. Started by `tornchat serve --workers`, not by users."""
    sockets = adopt(descriptors)
    [line] = adopt([parent])
    settings = given.settings()
    logs.to_stderr(settings.tornchat.log_level, settings.tornchat.log_format, number, queued=True)
    stop = Stop(settings.server.drain_seconds + WORKER_GRACE_SECONDS, IGNORED)
    with line:
        _end_with_parent(line, stop)
        node.run(ChatApp(settings), sockets, stop, lambda: _tell(line), lambda: None, number)


def _tell(line: socket.socket) -> None:
    try:
        line.send(READY)
    except OSError:
        pass  # the parent has ended, so this process will stop


def _end_with_parent(line: socket.socket, stop: Stop) -> None:
    """Request the stop when the other end of `line` is closed, which happens when the parent ends."""
    line.setblocking(True)

    def watch() -> None:
        try:
            line.recv(1)
        except OSError:
            pass
        stop.ask()

    # In a thread, so that the process ends with its parent even if the event loop is blocked.
    threading.Thread(target=watch, name="parent", daemon=True).start()
