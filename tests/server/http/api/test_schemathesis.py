"""The API against its own document, by calls that schemathesis makes up: good ones and bad ones.

`TORNCHAT_TEST_SECONDS=90 pytest tests/server/api/test_schemathesis.py -n 0 -s` makes a longer run to a room
that is there, then one that goes anywhere, and prints the counts of both.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stage import serving

SECONDS = int(os.environ.get("TORNCHAT_TEST_SECONDS", "0"))
"""How long calls are made up; 0 is the short run, the same each time, that CI has time for."""
CONFIG = Path(__file__).with_name("schemathesis.toml")
SETTINGS = (
    "limits.requests_per_second=0",
    "limits.failed_logins_per_minute=0",
    "guest.enabled=yes",
    "guest.per_minute=0",
    "rooms.auto_create=no",
)
MAKE_ROOM = ("-H", "Content-Type: application/json", "-d", '{"name":"general"}')


def made_up(folder: Path, base: str, token: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis against the server at `base`."""
    how_long = ("--max-time", str(SECONDS)) if SECONDS else ("--max-examples", "3", "--seed", "1")
    command = [sys.executable, "-m", "schemathesis.cli", *options, "run", f"{base}/openapi.json", *how_long]
    command += ["-H", f"Authorization: Bearer {token}", "--suppress-health-check", "all", "--no-color"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS + 100)


@pytest.mark.alone
@pytest.mark.timeout(SECONDS * 2 + 200)
@pytest.mark.parametrize("where", ["there", "anywhere"] if SECONDS else ["there"])
def test_it_does_what_its_document_says(tmp_path, where):
    data = tmp_path / "data"
    with serving(data, *(word for setting in SETTINGS for word in ("--set", setting))) as server:
        base, token = (
            f"http://127.0.0.1:{server.stage.port}",
            server.stage.token("ann", 3600, roles=["admin"]),
        )
        made = ["curl", "-sf", f"{base}/api/rooms", "-H", f"Authorization: Bearer {token}", *MAKE_ROOM]
        subprocess.run(made, check=True, capture_output=True)
        told = made_up(tmp_path, base, token, *(("--config-file", str(CONFIG)) if where == "there" else ()))
        assert server.stop() == 0
    log = (tmp_path / "server.log").read_text()
    print(told.stdout[told.stdout.find("= SUMMARY") :])
    assert told.returncode == 0, told.stdout[-8000:] + told.stderr[-2000:]
    assert "Traceback" not in log, log[-5000:]
    assert token not in log
