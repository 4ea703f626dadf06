"""Which servers there are to measure."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.dialects import Dialect, TornchatDialect
from bench.servers import Missing, Server

HERE = Path(__file__).parent
PEERS = HERE / "peers"
CACHE = HERE / ".cache"


def catalogue(options: Sequence[str] = ()) -> list[Server]:
    """Every server, tornchat first. `options` are more words for `tornchat serve`."""
    return [
        Server("tornchat", "tornchat", partial(_tornchat, options), _tornchat_dialect),
        Server("limit", "C limit: one send per member and message", partial(_limit, ()), _plain),
        Server("limit-joined", "C limit: writes joined per turn", partial(_limit, ("joined",)), _plain),
        _python("websockets", "websockets `broadcast` + uvloop", "websockets", "uvloop"),
        _python("tornado", "Tornado `write_message`", "tornado"),
    ]


def _plain(place: Path) -> Dialect:
    return Dialect()


def _tornchat_dialect(place: Path) -> Dialect:
    return TornchatDialect(place / "tornchat-data" / "jwt.key")


def _tornchat(options: Sequence[str], port: int, place: Path) -> list[str]:
    return [sys.executable, "-m", "tornchat", "serve", "--port", str(port), *options]


def _python(name: str, title: str, *packages: str) -> Server:
    return Server(name, title, partial(_python_peer, PEERS / f"{name}_peer.py", packages), _plain)


def _python_peer(program: Path, packages: Sequence[str], port: int, place: Path) -> list[str]:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise Missing(f"{package} is not installed: pip install '.[bench]'")
    return [sys.executable, str(program), str(port)]


def _limit(mode: Sequence[str], port: int, place: Path) -> list[str]:
    compiler = shutil.which("cc")
    if compiler is None:
        raise Missing("there is no C compiler: install one that is called as cc")
    CACHE.mkdir(exist_ok=True)
    program = CACHE / "limit"
    source = PEERS / "limit.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return [str(program), str(port), *mode]
