"""`[metrics] port`: a port of each process's own, with the metrics and the health checks and nothing else."""

from __future__ import annotations

import random
import re
import socket
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.cli.process import run, serving


def two_free_ports() -> int:
    """The first of two ports in a row that are free, below those that the system gives away by itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            for number in (port, port + 1):
                socket.create_server(("127.0.0.1", number)).close()
        except OSError:
            continue
        return port


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def node_at(port: int) -> str:
    """Which node tells its metrics at this port."""
    found = re.search(r'tornchat_build_info\{.*node_id="(\w+)"', get(port, "/metrics"))
    assert found is not None
    return found[1]


def test_it_has_metrics_and_health_checks_and_nothing_else(tmp_path: Path) -> None:
    port = two_free_ports()
    with serving(tmp_path, "--set", f"metrics.port={port}") as (_, address):
        assert node_at(port) == node_at(int(address.split(":")[1]))
        assert "ok" in get(port, "/readyz")
        with pytest.raises(HTTPError, match="404"):
            get(port, "/api/")


def test_a_port_that_is_taken_is_one_line_with_its_cure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run(tmp_path, "serve", "--port", "0", "--set", f"metrics.port={port}")
    assert told.returncode == 1
    assert f"[metrics] port: tornchat can't listen on 127.0.0.1:{port}" in told.stderr
