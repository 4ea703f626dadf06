"""Commits of a tornchat server, as its /metrics has them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.request import urlopen

from bench.servers import Running

SIZES = re.compile(r"^tornchat_commit_messages_(sum|count)(?:\{[^}]*\})? (\S+)$", re.M)


class Commits(NamedTuple):
    """Messages and store calls since the server started."""

    messages: float
    calls: float

    def each(self, before: Commits) -> float | None:
        """Messages per store call since `before`; None if there was no call."""
        calls = self.calls - before.calls
        return (self.messages - before.messages) / calls if calls else None


def commits(run: Running) -> Commits:
    """The commits of a server so far; none if it does not count them."""
    if not run.server.counts_commits:
        return Commits(0, 0)
    with urlopen(f"http://127.0.0.1:{run.port}/metrics", timeout=10) as answer:
        found = dict(SIZES.findall(answer.read().decode()))
    return Commits(float(found.get("sum", 0)), float(found.get("count", 0)))
