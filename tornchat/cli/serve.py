"""`tornchat serve`: the server in a process of its own, until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal

import click
from tornado.httpserver import HTTPServer

from tornchat.app import ChatApp
from tornchat.cli import logs, loops
from tornchat.cli.listening import bind, shown
from tornchat.cli.options import Given, with_settings

MAX_HEADER_BYTES = 65536
MAX_BODY_BYTES = 1 << 20
HANDSHAKE_SECONDS = 9.0
"""How long a whole request may take to arrive, so that who sends it byte by byte holds no connection."""

COLLECT_AFTER = 10_000
"""Objects that are new, and not freed, before the garbage collector looks at them."""


@click.command("serve")
@with_settings
@click.option("--host", help="The address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes any free one. [default: 8888]")
def command(given: Given, host: str | None, port: int | None) -> None:
    """Run the server. Without any file it is at 127.0.0.1:8888 and keeps ./tornchat-data/."""
    settings = given.also(host=host, port=port).settings()
    logs.to_stderr(settings.tornchat.log_level, settings.tornchat.log_format)
    new_loop = loops.factory(settings.tornchat.loop)
    raise_descriptor_limit()
    chat = ChatApp(settings)
    stop = Stop()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(chat, given, stop))
    stop.ignore_signals()


class Stop:
    """Set by the first SIGTERM or SIGINT; more of them change nothing.

    The handlers are not the loop's: those end with the loop, and a late signal would find none.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        for number in self.SIGNALS:
            signal.signal(number, self._on_signal)

    async def wait(self) -> None:
        """Wait for the signal, also for one that has come already."""
        self._loop = asyncio.get_running_loop()
        await self._asked.wait()

    def ignore_signals(self) -> None:
        """Let nothing disturb the last steps of this process."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: object) -> None:
        if self._loop is None:
            self._asked.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._asked.set)


def raise_descriptor_limit() -> None:
    """Allow as many connections as the system does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # macOS calls it unlimited and then refuses that
        pass


async def _serve(chat: ChatApp, given: Given, stop: Stop) -> None:
    sockets = bind(chat.settings.tornchat.host, chat.settings.tornchat.port)
    try:
        await chat.start()
    except BaseException:
        for socket in sockets:
            socket.close()
        raise
    _spare_collector()
    server = await _server(chat)
    server.add_sockets(sockets)
    for socket in sockets:
        click.echo(f"tornchat is listening on http://{shown(socket)}")
    _greet(chat, given)
    await stop.wait()
    click.echo("tornchat is stopping")
    server.stop()
    await chat.close()
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


def _greet(chat: ChatApp, given: Given) -> None:
    flags = given.flags()
    click.echo(f"its data is in {chat.settings.tornchat.data_dir.absolute()}")
    click.echo(f"its event loop is {loops.name(asyncio.get_running_loop())}")
    click.echo(f"get a token with: tornchat token USERNAME{flags}")
