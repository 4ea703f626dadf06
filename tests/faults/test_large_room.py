"""A room of thousands is told in slices, so that the loop keeps turning for everybody else."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bench.client import Crowd
from bench.dialects import TornchatDialect
from bench.machine import tree_cpu_seconds
from bench.members import Frames
from bench.talk import Talk
from tests.faults.test_herd import raise_descriptor_limit
from tests.figures import percentile, told
from tests.pulse import pulse
from tests.stage import COUNT, serving

MEMBERS = COUNT * 200 or 600
SECONDS = COUNT / 5 or 1.0
LAG_SECONDS = 0.05


@pytest.mark.timeout(200)
@pytest.mark.long
def test_a_large_room_holds_nobody_up(tmp_path: Path) -> None:
    raise_descriptor_limit(MEMBERS + 500)
    with serving(tmp_path / "data") as server:
        dialect = TornchatDialect(tmp_path / "data" / "jwt.key")
        with closing(Crowd(server.stage.port, dialect)) as crowd:
            crowd.enter(("hall", f"user{number}") for number in range(MEMBERS))
            crowd.settle()
            talk = Talk(crowd, Frames(dialect), 1, partial(tree_cpu_seconds, server.process.pid), probes=8)
            with pulse(server.stage, "pulse") as felt:
                talk.run(SECONDS)
        print(f"\n{talk.deliveries} deliveries in a room of {MEMBERS}, {talk.lost} lost")
        print(f"a ping in another room meanwhile: {told(felt.seconds)} ({len(felt.seconds)} of them)")
        assert server.stop() == 0
    assert talk.lost == 0
    assert sum(probe.misplaced for probe in talk.probes) == 0
    if COUNT:  # else they are too few for a p99
        assert percentile(felt.seconds, 0.99) < LAG_SECONDS
