"""Running one node in this process, from the start of its plugins to the end of its last connection."""

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
from tornchat.cli.reload import Reload
from tornchat.cli.scraping import scraping
from tornchat.cli.stop import Stop
from tornchat.server.edge.certificate import log_certificate_faults, tls_context
from tornchat.server.edge.server import EdgeServer
from tornchat.tasks import Tasks

MAX_HEADER_BYTES = 65536
MAX_BODY_BYTES = 1 << 20
HANDSHAKE_SECONDS = 9.0
"""Maximum time for receiving a request in seconds, so that slow clients can't hold connections."""

COLLECT_AFTER = 10_000
"""Threshold of the garbage collector: allocations minus deallocations before a collection."""


def run(
    chat: ChatApp,
    sockets: Sequence[socket.socket],
    stop: Stop,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    number: int | None = None,
    reload: Reload | None = None,
) -> None:
    """Run a node until `stop` is requested. Clients are accepted once the plugins have started.

    `on_ready` is called when the node accepts clients, and `on_stop` when it stops accepting them. `number`
    is the number of the worker, if any. `reload` reloads the settings while clients are served. Raises
    `SettingsError`.
    """
    raise_descriptor_limit()
    try:
        with asyncio.Runner(loop_factory=loops.factory(chat.settings.tornchat.loop)) as runner:
            runner.run(_run(chat, sockets, stop, on_ready, on_stop, number, reload))
    finally:
        for one in sockets:
            one.close()
    stop.ignore_signals()


def raise_descriptor_limit() -> None:
    """Raise the limit of open file descriptors to the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # macOS reports "unlimited" but does not accept it
        pass


async def _run(
    chat: ChatApp,
    sockets: Sequence[socket.socket],
    stop: Stop,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    number: int | None,
    reload: Reload | None,
) -> None:
    context = tls_context(chat.settings)
    if await stop.interrupts(chat.start()):
        on_stop()
        return
    probes: HTTPServer | None = None
    reloading = Tasks()
    try:
        _spare_collector()
        server = await _server(chat)
        server.encrypt(context)
        probes = scraping(chat, number)
        listen(sockets)
        server.add_sockets(sockets)
        on_ready()
        log_certificate_faults(chat.settings)
        if reload is not None:
            reloading.start(reload.run(chat, server), "reload")
        await stop.wait()
        on_stop()
        server.stop()
    finally:
        await reloading.close()
        await chat.close()
        if probes is not None:  # stopped last, so that the drain can be monitored
            probes.stop()
            await probes.close_all_connections()
    await server.close_all_connections()


def _spare_collector() -> None:
    """Make garbage collection rare. The objects of the start are permanent; connections leave no cycles.

    With the default thresholds, collections with thousands of connections take a tenth of the time of each
    join and block the event loop. Cycles created by plugins are still collected, but later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


async def _server(chat: ChatApp) -> EdgeServer:
    server = EdgeServer(
        await chat.application(log_function=logs.log_request),
        max_header_size=MAX_HEADER_BYTES,
        max_body_size=MAX_BODY_BYTES,
        idle_connection_timeout=HANDSHAKE_SECONDS,
        body_timeout=HANDSHAKE_SECONDS,
    )
    server.guard(chat.edge)
    return server
