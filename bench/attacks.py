"""`python -m bench.attacks`: what attacks bring an attacker, and what a neighbour notices of them.

Each attack lasts some seconds and meets a new server, whose limits are the defaults. Limits per address
exempt loopback, so the server trusts loopback as a proxy, and the clients name their addresses in
`X-Forwarded-For`. A connection on which nothing is sent names none: only the limit on all connections
applies to it.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from bench.attackers import ATTACKS, Client, strike
from bench.catalogue import LISTENS
from bench.checkout import Checkout
from bench.client import BenchError
from bench.figures import percentile
from bench.machine import cores, pinned, raise_descriptor_limit, waited_seconds
from bench.report import markdown
from bench.servers import Running, Server, running

PAUSE = 0.04
"""Seconds between the neighbour's messages; `messages_per_second` and `burst` let all of them pass."""
PATIENCE = 10.0
"""Seconds after which an echo is taken for lost."""
SETTINGS = {"server.trusted_proxies": "127.0.0.0/8", "server.ping_interval": "1"}
"""Settings that differ from the defaults. No limits are among them."""
HEAD = (
    "attack",
    "echoes",
    "p50, ms",
    "p99, ms",
    "without CPU, ms",
    "pings",
    "memory, MiB",
    "CPU",
    "log, KiB",
    "attacker gets",
)


class Pinged(ClientConnection):
    """A WebSocket that counts the pings which it answers."""

    pings = 0

    def process_event(self, event: Request | Response | Frame) -> None:
        """Count a ping, and do what is due."""
        self.pings += isinstance(event, Frame) and event.opcode is Opcode.PING
        super().process_event(event)


class Neighbour:
    """Talks in a room of its own, and waits for the echo of each message."""

    def __init__(self, socket: Pinged, server: int) -> None:
        """`server` is the server's process id."""
        self.echoes: list[float] = []
        """Seconds that each echo took."""
        self.waited: list[float] = []
        """Seconds of each echo in which the server or this process was ready to run and had no CPU."""
        self._pids = (server, os.getpid())
        self.trouble = ""
        """What it noticed besides: that it was cut off, or that an echo was lost."""
        self.socket = socket

    async def talk(self, seconds: float) -> None:
        """Talk for so long, or until something goes wrong."""
        end = time.perf_counter() + seconds
        try:
            while time.perf_counter() < end:
                await self._say(f"number {len(self.echoes)}.")
                await asyncio.sleep(PAUSE)
        except ConnectionClosed:
            self.trouble = ", cut off"
        except TimeoutError:
            self.trouble = ", then none"

    async def _say(self, text: str) -> None:
        waited, began = self._waited(), time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            await self.socket.send(json.dumps({"message": text}))
            while text not in str(await self.socket.recv()):
                pass
        self.echoes.append(time.perf_counter() - began)
        self.waited.append(self._waited() - waited)

    def _waited(self) -> float:
        return sum(map(waited_seconds, self._pids))


def attacked(checkout: Checkout, title: str) -> Server:
    """Return the server of a checkout for one attack, with the descriptors that its title names."""
    words = [
        word
        for key, value in SETTINGS.items()
        if key in checkout.settings
        for word in ("--set", f"{key}={value}")
    ]

    def command(port: int, place: Path) -> list[str]:
        serve = [sys.executable, "-m", "tornchat", "serve", "--port", str(port), *words]
        few = re.match(r"(\d+) descriptors", title)
        return ["/bin/sh", "-c", f'ulimit -n {few[1]}; exec "$@"', "sh", *serve] if few else serve

    def client(place: Path) -> Client:
        return Client(place / "tornchat-data" / "jwt.key", "198.51.100.1")

    return Server("tornchat", "tornchat", command, client, LISTENS, environ=checkout.environ)


async def suffer(run: Running, title: str, seconds: float) -> tuple[Neighbour, str]:
    """Attack a server while a neighbour talks; return the neighbour, and what the attacker got."""
    named = (line.partition(": ")[::2] for line in run.dialect.headers("ann"))
    url = f"ws://127.0.0.1:{run.port}{run.dialect.path('quiet')}"
    loop, key_file = asyncio.get_running_loop(), run.place / "tornchat-data" / "jwt.key"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        await loop.run_in_executor(pool, abs, 0)  # the process has started
        headers = dict(named)
        async with connect(
            url, additional_headers=headers, create_connection=Pinged, ping_interval=None
        ) as socket:
            assert isinstance(socket, Pinged)
            neighbour = Neighbour(socket, run.pid)
            attack = loop.run_in_executor(pool, strike, title, run.port, key_file, seconds)
            await neighbour.talk(seconds)
            return neighbour, await attack


def measure(checkout: Checkout, title: str, seconds: float, core: int) -> list[str]:
    """Run one attack; return its row of the table."""
    with running(attacked(checkout, title), core) as run:
        run.await_idle()
        before, cpu, told = run.rss_bytes(), run.cpu_seconds(), len(run.told())
        began = time.perf_counter()
        neighbour, gets = asyncio.run(suffer(run, title, seconds))
        share = (run.cpu_seconds() - cpu) / (time.perf_counter() - began)
        memory = f"{before / 2**20:.0f} to {_peak_bytes(run.pid) / 2**20:.0f}"
        log = f"{(len(run.told()) - told) / 1024:,.1f}"
    late = [_milliseconds(neighbour.echoes, share) for share in (0.5, 0.99)]
    late.append(_milliseconds(neighbour.waited, 0.99))
    heard = f"{len(neighbour.echoes)}{neighbour.trouble}"
    return [title, heard, *late, str(neighbour.socket.pings), memory, f"{share:.0%}", log, gets]


def _peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _milliseconds(values: list[float], share: float) -> str:
    found = percentile(values, share)
    return "none" if found is None else f"{found * 1000:.1f}"


@click.command()
@click.option(
    "--against", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A checkout to attack."
)
@click.option(
    "--seconds", type=click.FloatRange(0.5, 5), default=5.0, show_default=True, help="For each attack."
)
@click.option("--only", type=click.Choice(list(ATTACKS)), multiple=True, help="Only this attack.")
def main(against: Path | None, seconds: float, only: tuple[str, ...]) -> None:
    """Attack the installed tornchat, or that of another checkout, and print a table."""
    checkout = Checkout(against)
    checkout.check()
    raise_descriptor_limit()
    core, own = cores()
    rows = []
    with pinned(own):
        for title in only or ATTACKS:
            try:
                rows.append(measure(checkout, title, seconds, core))
            except BenchError as why:
                rows.append([title, *("" for _ in HEAD[2:]), str(why)])
    click.echo(markdown(HEAD, rows))


if __name__ == "__main__":
    main()
