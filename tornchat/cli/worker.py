"""`tornchat worker`: one of the processes of `tornchat serve --workers`, which alone starts it."""

from __future__ import annotations

import signal
import socket
import threading

import click

from tornchat.app import ChatApp
from tornchat.cli import logs, node
from tornchat.cli.listening import adopt
from tornchat.cli.options import Given, with_settings
from tornchat.cli.stop import Stop

READY = b"r"
WORKER_GRACE_SECONDS = 4.0
"""What a worker may take beyond the drain time: less than its parent, which waits for it."""
IGNORED = (signal.SIGINT, signal.SIGHUP)
"""A terminal sends these to parent and workers alike; what is to be done is the parent's."""


@click.command("worker", hidden=True)
@with_settings
@click.option("--number", type=int, required=True)
@click.option("--parent", type=int, required=True, metavar="FD")
@click.option("--socket", "descriptors", type=int, multiple=True, required=True, metavar="FD")
def command(given: Given, number: int, parent: int, descriptors: tuple[int, ...]) -> None:
    """Serve on sockets that were handed in. Started by `tornchat serve --workers`, not by hand."""
    sockets = adopt(descriptors)
    [line] = adopt([parent])
    settings = given.settings()
    logs.to_stderr(settings.tornchat.log_level, settings.tornchat.log_format, number)
    stop = Stop(settings.server.drain_seconds + WORKER_GRACE_SECONDS, IGNORED)
    with line:
        _end_with_parent(line, stop)
        node.run(ChatApp(settings), sockets, stop, lambda: _tell(line), lambda: None, number)


def _tell(line: socket.socket) -> None:
    try:
        line.send(READY)
    except OSError:
        pass  # the parent is gone, and this process is about to be


def _end_with_parent(line: socket.socket, stop: Stop) -> None:
    """Ask for the stop when the other end of `line` is closed, as it is by the parent's death."""
    line.setblocking(True)

    def watch() -> None:
        try:
            line.recv(1)
        except OSError:
            pass
        stop.ask()

    # A thread: also a loop that stands still must not outlive the parent.
    threading.Thread(target=watch, name="parent", daemon=True).start()
