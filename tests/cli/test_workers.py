"""`serve --workers`: whichever process dies or is renewed, nobody misses anything."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_reload import origin_status
from tests.cli.test_scraping import node_at, two_free_ports
from tests.postgres import PostgresServer
from tests.stage import COUNT
from tests.talkers import Talk, talk
from tests.tls import make_certificate
from tests.valkey import valkey
from tests.workers import ENDED, READY, Workers, gone, options_of_one_chat, workers

TALKERS = 20 if COUNT else 8
PAUSE = 0.02


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("several")


@pytest.fixture(scope="module")
def server(folder: Path, postgres: PostgresServer) -> Iterator[Workers]:
    """Two workers, which are new ones after each test."""
    scraped = ["--set", f"metrics.port={two_free_ports()}"]
    with valkey() as bus, workers(folder, options_of_one_chat(folder, bus, postgres) + scraped) as running:
        running.metrics_port = int(scraped[1].partition("=")[2])
        yield running
        assert running.stop() == 0


def report(what: str, told: Talk) -> None:
    print(f"\n{what}: {told.said} said, {told.acked} acked, {told.lost()} lost, {told.doubled()} doubled")
    print("\n".join(told.lines))
    assert told.said == told.acked
    assert told.lost() == 0
    assert told.doubled() == 0


@pytest.mark.long
def test_each_worker_tells_its_metrics_at_a_port_of_its_own(server: Workers) -> None:
    nodes = {node_at(server.metrics_port + number) for number in range(2)}
    assert len(nodes) == 2


@pytest.mark.long
def test_a_rolling_restart_loses_nothing(server: Workers) -> None:
    """P14: each new worker is ready before its old one drains, and everybody resumes."""
    rounds = COUNT or 1
    before = {server.pid(1), server.pid(2)}

    async def play() -> Talk:
        async with talk(server.stage, TALKERS, ("r0", "r1", "r2"), PAUSE, server.parent.errors) as told:
            for number in range(1, rounds + 1):
                server.parent.process.send_signal(signal.SIGHUP)
                await asyncio.to_thread(server.parent.logs, "all workers were replaced", number)
            await told.settled()
            return told

    told = asyncio.run(play())
    report(f"{rounds} rolling restarts of 2 workers, {TALKERS} clients", told)
    assert {code for talker in told.talkers for code in talker.closes} == {1001}
    assert all(talker.visits >= 2 for talker in told.talkers), "somebody was on no worker"
    assert before.isdisjoint({server.pid(1), server.pid(2)})
    assert all(gone(pid) for pid in before)


@pytest.mark.long
def test_limits_and_origins_change_in_traffic_and_nothing_is_lost(server: Workers, folder: Path) -> None:
    file, origin = folder / "tornchat.ini", "https://verona.example"
    file.write_text(f"[limits]\nmessage_chars = 40\n[server]\nallowed_origins = {origin}\n")
    replaced = "all workers were replaced"

    async def renewed() -> None:
        before = len(server.parent.logged(replaced))
        server.parent.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(server.parent.logs, replaced, before + 1)

    async def play() -> Talk:
        assert await origin_status(server.stage, origin) == 403
        async with talk(server.stage, TALKERS, ("s0", "s1"), PAUSE, server.parent.errors) as told:
            await renewed()
            for _ in range(4):  # whichever worker answers
                assert await origin_status(server.stage, origin) == 101
            juliet = await server.stage.enters("juliet", "long")
            await juliet.says("x" * 41)
            assert "longer than 40" in (await juliet.next_of("error"))["error"]
            await juliet.leaves()
            await told.settled()
            return told

    try:
        report(f"SIGHUP with other limits and origins, {TALKERS} clients", asyncio.run(play()))
    finally:
        file.unlink()
        asyncio.run(renewed())


@pytest.mark.long
def test_a_renewed_certificate_comes_with_new_workers(server: Workers, folder: Path) -> None:
    """TLS begins here with the next workers; a file that is no certificate changes nothing."""
    files, file = make_certificate(folder, 24 * 30), folder / "tornchat.ini"
    tls = f"[server]\ncertfile = {files.certificate}\nkeyfile = {files.key}\n"

    def renew(text: str, wanted: str) -> str:
        before = len(server.parent.logged(wanted))
        file.write_text(text)
        server.parent.process.send_signal(signal.SIGHUP)
        return server.parent.logs(wanted, before + 1)[-1].string

    async def play() -> None:
        server.stage.trust = files.client()
        romeo = await server.stage.enters("romeo", "tls")
        await romeo.says("Hist")
        assert await romeo.hears() == "Hist"
        await romeo.leaves()

    try:
        renew(tls, "all workers were replaced")
        asyncio.run(play())
        assert "contains no PEM certificate" in renew(
            tls.replace(str(files.certificate), str(files.key)), "the workers are not replaced"
        )
        asyncio.run(play())
    finally:
        server.stage.trust = None
        file.unlink()
        server.parent.process.send_signal(signal.SIGHUP)
        server.parent.logs(
            "all workers were replaced", len(server.parent.logged("all workers were replaced")) + 1
        )


@pytest.mark.long
def test_a_worker_that_is_killed_is_begun_again_and_the_others_go_on(server: Workers) -> None:
    """P1, P5: its clients resume without loss; those of the others are not touched."""
    kills = min(COUNT or 1, 6)  # each is waited for longer than the one before

    async def play() -> Talk:
        async with talk(server.stage, TALKERS, ("k0", "k1", "k2"), PAUSE, server.parent.errors) as told:
            for _ in range(kills):
                victim, ready = server.worker_of("p0", "k0"), len(server.parent.logged(READY))
                there = [one for one in told.talkers if server.worker_of(one.name, one.room) != victim]
                before = [talker.visits for talker in there]
                os.kill(server.pid(victim), signal.SIGKILL)
                await asyncio.to_thread(server.parent.logs, READY, ready + 1)
                await told.entered()
                assert [talker.visits for talker in there] == before, "clients of another worker were cut off"
            await told.settled()
            return told

    told = asyncio.run(play())
    report(f"{kills} kills of one of 2 workers, {TALKERS} clients", told)
    assert {code for talker in told.talkers for code in talker.closes} == {1006}


def test_a_worker_that_ends_again_and_again_is_begun_later_each_time(server: Workers) -> None:
    ends, ready = len(server.parent.logged(ENDED)), len(server.parent.logged(READY))
    for number in range(1, 3):
        os.kill(server.pid(2), signal.SIGKILL)
        told = server.parent.logs(ENDED, ends + number)[-1].string
        server.parent.logs(READY, ready + number)
    assert "ended with signal SIGKILL; " in told
    assert "times in a row; the next one starts in " in told


def test_settings_that_became_wrong_leave_the_workers_as_they_are(server: Workers, folder: Path) -> None:
    pids = [server.pid(1), server.pid(2)]
    (folder / "tornchat.ini").write_text("[limits]\nmessage_chars = ten\n")
    server.parent.process.send_signal(signal.SIGHUP)
    server.parent.logs("the workers are not replaced: .*message_chars")
    (folder / "tornchat.ini").write_text("[limits]\nmessage_charz = 10\n[nonsense]\nx = 1\n")
    server.parent.process.send_signal(signal.SIGHUP)
    server.parent.logs("the workers are not replaced", 2)
    (folder / "tornchat.ini").unlink()
    assert [server.pid(1), server.pid(2)] == pids
