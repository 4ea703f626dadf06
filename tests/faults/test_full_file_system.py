"""A file system that is really full: the documented alert fires, and ends when there is space again."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient

from tests.hosting import SECRET

DOCS = Path(__file__).parents[2] / "docs"
ALERT = "`tornchat_plugin_healthy == 0` for a minute"
MOUNT = """
mount -t tmpfs -o size=8m none "$0" && head -c 4194304 /dev/zero > "$0/filler" && exec "$@"
"""
"""Mounted in a namespace of its own, for which no privileges are needed on most systems."""
ALONE = ("unshare", "--user", "--map-root-user", "--mount")


@contextmanager
def served_on_a_small_file_system(place: Path) -> Iterator[tuple[str, int]]:
    """A server whose data is on a file system of 8 MiB, half of which is free; its address and process."""
    if subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", str(place)], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system in a namespace")
    unlimited = {f"limits.{what}_per_second": 0 for what in ("requests", "messages", "bytes")}
    given = {"tornchat.data_dir": place, "jwt.secret": SECRET, **unlimited}
    options = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    serve = [sys.executable, "-m", "tornchat", "serve", "--port", "0", *options]
    command = [*ALONE, "sh", "-c", MOUNT, str(place), *serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            places = (re.search(r"[\d.]+:\d+", line) for line in process.stdout)
            yield next(found[0] for found in places if found), process.pid
        finally:
            process.kill()


async def fetched(address: str, path: str, body: dict[str, str] | None = None) -> tuple[int, str]:
    token = jwt.encode({"sub": "ann", "username": "ann", "exp": time.time() + 600}, SECRET, "HS256")
    answer = await AsyncHTTPClient().fetch(
        f"http://{address}{path}",
        method="POST" if body else "GET",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        body=json.dumps(body) if body else None,
        raise_error=False,
    )
    return answer.code, answer.body.decode()


async def fires(address: str) -> bool:
    """Whether the condition of the documented alert holds."""
    told = text_string_to_metric_families((await fetched(address, "/metrics"))[1])
    [healthy] = [metric for metric in told if metric.name == "tornchat_plugin_healthy"]
    return any(sample.value == 0 for sample in healthy.samples)


async def until(address: str, firing: bool, ready: int) -> None:
    """Wait until the alert fires, or does not, and `/readyz` says so."""
    async with asyncio.timeout(20):
        while (await fires(address), (await fetched(address, "/readyz"))[0]) != (firing, ready):  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # the plugins are asked once a second


def make_space(pid: int, place: Path) -> None:
    Path(f"/proc/{pid}/root{place}/filler").unlink()


@pytest.mark.long
def test_the_documented_alert_fires_and_ends(tmp_path: Path) -> None:
    assert ALERT in (DOCS / "metrics.md").read_text()
    place = tmp_path / "small"
    place.mkdir()

    async def play(address: str, pid: int) -> None:
        messages = "/api/rooms/cellar/messages"
        assert (await fetched(address, "/api/rooms", {"name": "cellar"}))[0] == 201
        await until(address, False, 200)
        async with asyncio.timeout(60):
            while (status := (await fetched(address, messages, {"message": "x" * 3900}))[0]) == 201:
                pass
        assert status == 503
        assert (await fetched(address, "/readyz"))[0] == 503, "at once, after one commit"
        await until(address, True, 503)
        make_space(pid, place)
        async with asyncio.timeout(20):
            while (await fetched(address, messages, {"message": "There is space."}))[0] != 201:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await until(address, False, 200)

    with served_on_a_small_file_system(place) as (address, pid):
        asyncio.run(play(address, pid))
