"""Autobahn's 517 cases, played against an echo handler on `frames.py` and `outbox.py`. Not run by pytest.

    pip install 'virtualenv<20.22'
    virtualenv -p python2.7 autobahn
    autobahn/bin/pip install autobahntestsuite==25.10.1
    python -m tests.server.ws.autobahn --wstest autobahn/bin/wstest

Prints how many cases, and how many closes, ended with which behaviour; names the cases that did not pass.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.server.ws.echo import BinaryFrames, Echo, serving
from tornchat.wire.deflate import deflated
from tornchat.wire.framing import text_frame

AGENT = "tornchat"
WHAT = ("behavior", "behaviorClose")
PASSED = frozenset(("OK", "NON-STRICT", "INFORMATIONAL"))


class PackingEcho(Echo):
    """Says back what it hears, compressed if that was agreed on. Its limit is the cases' largest message."""

    limit = 16 << 20
    compression = True
    frames_class = BinaryFrames

    def echo(self, data):
        return super().echo(deflated(data, self.window_bits) if self.window_bits else data)

    def on_text(self, payload):
        return self.echo(text_frame(payload))

    def on_pong(self, payload):
        pass


async def play(wstest: str, cases: Sequence[str], reports: Path) -> dict[str, Mapping[str, Any]]:
    """Let `wstest` play the cases and give what it found about each."""
    async with serving(PackingEcho) as (port, _):
        server = {"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}
        spec = {"outdir": str(reports), "servers": [server], "cases": list(cases), "exclude-cases": []}
        (reports / "spec.json").write_text(json.dumps(spec))
        client = await asyncio.create_subprocess_exec(
            wstest, "-m", "fuzzingclient", "-s", str(reports / "spec.json"), cwd=reports, stdout=sys.stderr
        )
        try:
            if await client.wait():
                raise SystemExit(f"{wstest} ended with status {client.returncode}.")
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
    return json.loads((reports / "index.json").read_text())[AGENT]


def tell(found: Mapping[str, Mapping[str, Any]]) -> bool:
    """Print the counts and the cases that did not pass; True if all did."""
    for what in WHAT:
        counts = Counter(result[what] for result in found.values())
        print(f"{what}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    bad = [
        case for case, result in found.items() if not {result["behavior"], result["behaviorClose"]} <= PASSED
    ]
    print(f"{len(found)} cases, {len(bad)} of them not passed: {' '.join(bad) or 'none'}")
    return not bad


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wstest", default="wstest", help="the program of autobahntestsuite")
    parser.add_argument("--cases", nargs="+", default=["*"], help="such as 1.* or 12.1.1")
    parser.add_argument("--reports", type=Path, help="where to leave the reports; else they are deleted")
    options = parser.parse_args()
    wstest = shutil.which(options.wstest)
    if wstest is None:
        print(f"There is no {options.wstest}; nothing was run. {__file__} says how to install it.")
        return 2
    with tempfile.TemporaryDirectory() as place:
        reports = options.reports or Path(place)
        reports.mkdir(parents=True, exist_ok=True)
        return 0 if tell(asyncio.run(play(wstest, options.cases, reports.absolute()))) else 1


if __name__ == "__main__":
    sys.exit(main())
