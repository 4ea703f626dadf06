"""One node in this process, from the start of its plugins to the end of its last connection."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
from collections.abc import Callable, Sequence

from tornado.httpserver import HTTPServer

from tornchat.app import ChatApp
from tornchat.cli import logs, loops
from tornchat.cli.listening import listen
from tornchat.cli.scraping import scraping
from tornchat.cli.stop import Stop

MAX_HEADER_BYTES = 65536
MAX_BODY_BYTES = 1 << 20
HANDSHAKE_SECONDS = 9.0
"""How long a whole request may take to arrive, so that who sends it byte by byte holds no connection."""

COLLECT_AFTER = 10_000
"""Objects that are new, and not freed, before the garbage collector looks at them."""


def run(
    chat: ChatApp,
    sockets: Sequence[socket.socket],
    stop: Stop,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    number: int | None = None,
) -> None:
    """Be a node until `stop` is asked for. Nobody is let in before the plugins have started.

    `on_ready` is called when clients may come, `on_stop` when none may any more. `number` is that of a
    worker. Raises `SettingsError`.
    """
    raise_descriptor_limit()
    try:
        with asyncio.Runner(loop_factory=loops.factory(chat.settings.tornchat.loop)) as runner:
            runner.run(_run(chat, sockets, stop, on_ready, on_stop, number))
    finally:
        for one in sockets:
            one.close()
    stop.ignore_signals()


def raise_descriptor_limit() -> None:
    """Allow as many connections as the system does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # macOS calls it unlimited and then refuses that
        pass


async def _run(
    chat: ChatApp,
    sockets: Sequence[socket.socket],
    stop: Stop,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    number: int | None,
) -> None:
    await chat.start()
    probes: HTTPServer | None = None
    try:
        _spare_collector()
        server = await _server(chat)
        probes = scraping(chat, number)
        listen(sockets)
        server.add_sockets(sockets)
        on_ready()
        await stop.wait()
        on_stop()
        server.stop()
    finally:
        await chat.close()
        if probes is not None:  # to the last, so that the drain can be watched
            probes.stop()
            await probes.close_all_connections()
    await server.close_all_connections()


def _spare_collector() -> None:
    """What the start made stays, and connections leave no cycles: a collection has little to look for.

    With the interpreter's own thresholds its passes over thousands of connections cost a tenth of each
    join, and hold up the loop. What plugins leave is found all the same, a little later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


async def _server(chat: ChatApp) -> HTTPServer:
    return HTTPServer(
        await chat.application(log_function=logs.log_request),
        max_header_size=MAX_HEADER_BYTES,
        max_body_size=MAX_BODY_BYTES,
        idle_connection_timeout=HANDSHAKE_SECONDS,
        body_timeout=HANDSHAKE_SECONDS,
    )
