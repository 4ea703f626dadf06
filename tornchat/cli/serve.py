"""`tornchat serve`: runs the server, in this process or in several workers, until a signal."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from functools import partial

import click

from tornchat.app import ChatApp
from tornchat.cli import logs, loops, node, supervisor
from tornchat.cli.hangup import Hangup
from tornchat.cli.listening import activated, bind, shown
from tornchat.cli.notify import READY, STOPPING, notify, notify_reloading
from tornchat.cli.occupied import occupied
from tornchat.cli.options import Given, with_settings
from tornchat.cli.reload import Reload
from tornchat.cli.startable import strange_variables
from tornchat.cli.stderr import say
from tornchat.cli.stop import GRACE_SECONDS, Stop
from tornchat.config.settings import Settings

logger = logging.getLogger("tornchat.cli")


@click.command("serve")
@with_settings
@click.option("--host", help="The address to listen on. [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0: any free port. [default: 8888]")
@click.option("--workers", type=click.IntRange(1), help="Processes that share the port. [default: 1]")
def command(given: Given, host: str | None, port: int | None, workers: int | None) -> None:
    """Run the server. By default it listens on 127.0.0.1:8888 and stores data in ./tornchat-data/."""
    hangup = Hangup()
    given = given.also("tornchat", host=host, port=port).also("server", workers=workers)
    settings = given.settings()
    logs.to_stderr(settings.tornchat.log_level, settings.tornchat.log_format, queued=True)
    for what, cure in strange_variables(settings):
        logger.warning("%s %s", what, cure)
    loops.factory(settings.tornchat.loop)  # raises before anything is started
    stop = Stop(settings.server.drain_seconds + GRACE_SECONDS)
    if settings.server.workers > 1:
        supervisor.run(given, settings, stop, hangup, lambda sockets: _greet(settings, given, sockets))
    else:
        _serve(settings, given, stop, hangup)


def _serve(settings: Settings, given: Given, stop: Stop, hangup: Hangup) -> None:
    chat = ChatApp(settings)
    alone = chat.hooks.broadcast_scope() == "process"
    sockets = activated() or bind(settings.tornchat.host, settings.tornchat.port)

    def greet() -> None:
        _greet(settings, given, [shown(socket) for socket in sockets])
        click.echo(f"its event loop is {loops.name(asyncio.get_running_loop())}")
        notify(READY)

    reload = Reload(given, hangup, notify_reloading, partial(notify, READY))
    with ExitStack() as stack:
        for socket in sockets:
            stack.enter_context(socket)
        if alone:
            stack.enter_context(occupied(settings.tornchat.data_dir))
        node.run(chat, sockets, stop, greet, _say_farewell, reload=reload)


def _say_farewell() -> None:
    notify(STOPPING)
    say("tornchat is stopping")


def _greet(settings: Settings, given: Given, addresses: list[str]) -> None:
    scheme = "http" if settings.server.certfile is None else "https"
    for address in addresses:
        click.echo(f"tornchat is listening on {scheme}://{address}")
    click.echo(f"its data is in {settings.tornchat.data_dir.absolute()}")
    if settings.server.pages and addresses:
        click.echo(f"chat in a browser at {scheme}://{addresses[0]}/")
        if settings.server.api:
            click.echo(f"the HTTP API is explained at {scheme}://{addresses[0]}/swagger/")
    click.echo(f"get a token with: tornchat token USERNAME{given.flags()}")
    click.echo(f"an admin's with: tornchat token USERNAME --role admin{given.flags()}")
