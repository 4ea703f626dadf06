"""Everything breaks, again and again, while thirty users talk; then the record is held against the promises.

    pytest -m endless tests/chaos -n 0 -s

runs it for a minute with a seed of its own, which it prints. `TORNCHAT_CHAOS_SEED` and
`TORNCHAT_CHAOS_SECONDS` say otherwise.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest

from tests.chaos.cast import VISITOR, Actor, ClientActor, StrictActor
from tests.chaos.checker import STAGE, Finding, check
from tests.chaos.door import door
from tests.chaos.faults import NODES, PARTS, Faults
from tests.chaos.record import Record, read
from tests.chaos.shared import SharedActor
from tests.chaos.theatre import LEASE, Theatre, open_theatre

SEED = int(os.environ.get("TORNCHAT_CHAOS_SEED", "0")) or Random().randrange(1, 1_000_000)
SECONDS = float(os.environ.get("TORNCHAT_CHAOS_SECONDS", "60"))
CALM_SECONDS = 75.0
"""Within which all has to be well after the last fault; clients wait up to 30 s between two tries."""
LASTING = frozenset(
    {
        "acked but not stored",
        "told as failed but stored",
        "stored twice",
        "the log has a gap",
        "seen out of order",
        "seen twice",
        "streamed otherwise than written",
        "seen otherwise than stored",
        "shown leaving while there",
    }
)
"""What no waiting mends."""


def kind_of(number: int) -> type[Actor]:
    """Half of the users are on connections for many rooms; of the others, one in five is strict."""
    if number % 2:
        return SharedActor
    return StrictActor if number % 10 == 4 else ClientActor


async def run(folder: Path, seed: int, seconds: float, users: int, nodes: int) -> tuple[list[Finding], str]:
    """Break things for so long; gives what the checker finds, and a line of figures."""
    record = Record(folder / "record.jsonl")
    chance = Random(seed)
    async with AsyncExitStack() as stack:
        stack.callback(record.close)
        theatre = await stack.enter_async_context(open_theatre(folder, nodes))
        ports = [node.port for node in theatre.nodes]
        actors: list[Actor] = []
        for number in range(users):
            opened = await stack.enter_async_context(door(ports, Random(chance.random())))
            name = f"user{number}"
            token = theatre.stage(0).token(name, 36_000)
            actors.append(kind_of(number)(name, opened, token, record, Random(chance.random())))
        quiet = asyncio.Event()
        playing = [asyncio.create_task(actor.stay(quiet), name=actor.name) for actor in actors]
        try:
            return await _play(theatre, actors, record, chance, seconds, quiet)
        finally:
            for task in playing:
                task.cancel()
            await asyncio.wait(playing)


async def _play(
    theatre: Theatre,
    actors: list[Actor],
    record: Record,
    chance: Random,
    seconds: float,
    quiet: asyncio.Event,
) -> tuple[list[Finding], str]:
    await asyncio.sleep(1)  # some peace to begin with
    faults = Faults(theatre, [actor.door for actor in actors], record, chance)
    async with asyncio.TaskGroup() as lanes:  # so that no fault outlives one that failed
        lanes.create_task(faults.go_on(seconds, NODES))
        lanes.create_task(faults.go_on(seconds, PARTS))
    quiet.set()
    began = time.monotonic()
    findings = await _calm(theatre, actors, record)
    notes = Counter(note["what"] for note in read(record.path))
    broken = ", ".join(f"{count} x {kind}" for kind, count in sorted(faults.counts.items()))
    figures = (
        f"{notes['sent']} sent, {notes['acked']} acked, {notes['failed']} failed, "
        f"{notes['unknown']} unknown, {notes['seen']} seen, {notes['lost']} connections lost; "
        f"all well {time.monotonic() - began:.1f} s after the last of: {broken}"
    )
    return findings, figures


async def _calm(theatre: Theatre, actors: list[Actor], record: Record) -> list[Finding]:
    """Look again and again until nothing is wrong that time mends; gives what is wrong then."""
    end = time.monotonic() + CALM_SECONDS
    notes = len(read(record.path))
    while True:
        await asyncio.sleep(0.5)
        present = [await _newcomer_is_told(theatre, node) for node in range(len(theatre.nodes))]
        for actor in actors:
            actor.note_state()
        notes = read(record.path)
        at, said, tokens = time.monotonic(), theatre.said(), theatre.tokens()
        for seq, sender, message_id, text, target in theatre.log():
            notes.append(
                {
                    "at": at,
                    "who": STAGE,
                    "what": "stored",
                    "seq": seq,
                    "sender": sender,
                    "id": message_id,
                    "text": text,
                    "target": target,
                    **({"said": said[seq]} if seq in said else {}),
                    **({"tokens": tokens[seq]} if seq in tokens else {}),
                }
            )
        findings = []
        for users in present:
            told = {"at": at, "who": STAGE, "what": "present", "users": users}
            findings += check([*notes, told], LEASE)
        if all(finding.rule in LASTING for finding in findings) or at > end:
            return sorted(set(findings))


async def _newcomer_is_told(theatre: Theatre, node: int) -> list[str]:
    visitor = await theatre.stage(node).enters(f"{VISITOR}{node}", "hall", v1=True)
    users = (await visitor.next_of("room_users_list"))["users"]
    await visitor.leaves()
    return [user["id"] for user in users if not user["id"].startswith(VISITOR)]


def play(folder: Path, seed: int, seconds: float, users: int, nodes: int) -> None:
    print(f"\nchaos: seed {seed}, {seconds:.0f} s, {users} users, record {folder / 'record.jsonl'}")
    findings, figures = asyncio.run(run(folder, seed, seconds, users, nodes))
    print(figures)
    print(f"findings: {len(findings)}")
    for finding in findings[:40]:
        print(f"  {finding.rule}: {finding.who}: {finding.detail}")
    assert findings == [], f"seed {seed}"


@pytest.mark.endless
@pytest.mark.timeout(SECONDS + 200)
def test_all_promises_hold_while_everything_breaks(tmp_path: Path) -> None:
    play(tmp_path, SEED, SECONDS, 30, 3)


@pytest.mark.alone
def test_the_promises_hold_through_a_few_faults(tmp_path: Path) -> None:
    play(tmp_path, 1, 4, 8, 2)
