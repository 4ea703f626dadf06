"""The bench: its arithmetic, and a tiny run of it through the real code."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from bench import report
from bench.__main__ import main
from bench.against import Pairs, compare, table
from bench.attackers import ATTACKS
from bench.attacks import HEAD
from bench.attacks import measure as measure_attack
from bench.catalogue import catalogue, tornchat
from bench.checkout import Checkout
from bench.client import BenchError, Crowd
from bench.dialects import MESSAGE_BYTES, Dialect, client_frame, text_of
from bench.figures import JOINS, MEMORY, PACED, RATE, Case, Figure, combined, percentile
from bench.floors import judge
from bench.generator import PythonGenerator, generator, named
from bench.limits import KEPT, LIFTED, lifted
from bench.loads import FanOut, Idle, Load, Pace, Storm, places
from bench.machine import cores, cpu_seconds
from bench.members import Frames, Member, Probe, Room
from bench.native import NativeGenerator
from bench.paced import Open
from bench.results import Results, keep, read
from bench.servers import Missing, Server, running
from bench.shared import memory, rate
from bench.suite import measure
from bench.talk import Talk
from tornchat.config.sections import LimitsSection
from tornchat.wire.framing import text_frame

CASE = Case("room200-1", "room200", "200 in a room, 1 in flight", RATE)
FIGURES = {"tornchat": 123_456, "channels": 0}
PACE = Pace(seconds=0.2, warm_up=0.1, core=cores()[0])
TITLES = {server.name: server.title for server in catalogue()}


def servers(*names: str) -> list[Server]:
    return [server for server in catalogue() if server.name in names]


def run(*loads: Load, names: tuple[str, ...]) -> Results:
    return measure(loads, servers(*names), 1, PACE, lambda what: None)


# --- real servers ---------------------------------------------------------------------------------------


@pytest.mark.long
def test_every_message_reaches_every_member() -> None:
    load = FanOut("tiny", "2 rooms of 3", 2, 3, (1, 8))
    results = run(load, names=("tornchat", "tornado"))
    assert results.notes == {}
    assert {(key, name) for key, rounds in results.figures.items() for name in rounds} == {
        (f"tiny-{count}", name) for count in (1, 8) for name in ("tornchat", "tornado")
    }
    for rounds in results.figures.values():
        for [figure] in rounds.values():
            assert figure.value > 100
            assert (figure.lost, figure.misplaced) == (0, 0)
            assert figure.p50 is not None
            assert figure.p99 is not None
            assert 0 < figure.p50 <= figure.p99 < 5


@pytest.mark.alone
def test_two_workers_deliver_to_members_of_both() -> None:
    results = run(FanOut("tens", "2 rooms of 10", 2, 10, (1,)), names=("tornchat-workers",))
    assert results.notes == {}
    [figure] = results.figures["tens-1"]["tornchat-workers"]
    assert (figure.lost, figure.misplaced) == (0, 0)


@pytest.mark.alone
def test_joins_and_idle_connections_are_measured() -> None:
    results = run(Storm(rooms=10), Idle(connections=50), names=("tornchat", "tornado-jwt"))
    assert results.notes == {}
    assert set(results.figures["storm"]) == {"tornchat", "tornado-jwt"}
    assert set(results.figures["idle"]) == {"tornchat"}


@pytest.mark.alone
def test_connections_for_many_rooms_are_measured_beside_those_for_one() -> None:
    core, _ = cores()
    assert all(rate(core, shared, 0.3, clients=2) > 0 for shared in (False, True))
    first, more = memory(core, 60, 5)
    assert 1 < first < 100
    assert more < 20


@pytest.mark.long
def test_a_fixed_rate_is_kept_and_its_latencies_and_commits_are_measured() -> None:
    results = run(Open(rooms=3, members=2, rate=20), names=("tornchat", "tornado"))
    assert results.notes == {}
    [ours], [theirs] = results.figures["open"]["tornchat"], results.figures["open"]["tornado"]
    for figure in (ours, theirs):
        assert (figure.lost, figure.misplaced) == (0, 0)
        assert figure.p50 is not None
        assert figure.p99 is not None
        assert figure.worst is not None
        assert 0 < figure.p50 <= figure.p99 <= figure.worst * 1.02  # a bucket is 1.6 % wide
    assert ours.per_commit is not None
    assert ours.per_commit >= 1
    assert theirs.per_commit is None


def test_both_load_generators_hear_every_message() -> None:
    [server] = servers("tornado")
    for make in (NativeGenerator, PythonGenerator):
        with running(server, PACE.core) as run, closing(make(run)) as clients:
            clients.enter(places(2, 3))
            heard = clients.talk(4, 0.1)
            assert heard.deliveries >= 2 * 3 * 4
            assert heard.deliveries % 3 == 0
            assert (heard.lost, heard.misplaced) == (0, 0)


def test_without_a_compiler_the_python_generator_is_used_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    [server] = servers("tornado")
    with running(server, PACE.core) as run:
        with closing(generator(run)) as clients:
            assert isinstance(clients, NativeGenerator)
        assert "C (bench/load.c)" in named()
        monkeypatch.setattr("shutil.which", lambda name: None)
        with closing(generator(run)) as clients:
            assert isinstance(clients, PythonGenerator)
        assert "Python, since there is no C compiler" in named()
    results = run_of(server, Open(rooms=1, members=1))
    assert results.figures == {}
    assert "no compiler" in results.notes["open"][0]


def run_of(server: Server, load: Load) -> Results:
    return measure([load], [server], 1, PACE, lambda what: None)


SEGMENTS = """
import socket, struct, sys
from pathlib import Path
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    if not connection.recv(65536):
        continue  # the bench has looked whether the port is open
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n")
    asked = b""
    while data := connection.recv(65536):
        asked += data
        size = 6 + (asked[1] & 127)
        if len(asked) < 8 * size:
            continue
        texts = []
        for start in range(0, 8 * size, size):
            mask, payload = asked[start + 2 : start + 6], asked[start + 6 : start + size]
            texts.append(bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)))
        asked = asked[8 * size :]
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
        with Path("segments").open("a") as file:
            print(*struct.unpack_from("I", info, 152), file=file)
        connection.sendall(b"".join(b"\\x81" + bytes((len(text),)) + text for text in texts))
"""


def test_each_delivery_is_answered_by_a_write_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SEGMENTS)
    command = [sys.executable, "server.py"]
    server = Server("x", "x", lambda port, _: [*command, str(port)], lambda _: Dialect())
    with running(server, PACE.core, tmp_path) as run, closing(NativeGenerator(run)) as clients:
        clients.enter(places(1, 1))
        assert clients.talk(8, 0.1).lost == 0
    first, second = map(int, (tmp_path / "segments").read_text().split()[:2])
    assert second - first > 1, "eight deliveries in one read were answered in one write"


LOSSY = """
import asyncio, itertools, json, sys
from tornado.web import Application
from tornado.websocket import WebSocketHandler

members, count = [], itertools.count(1)

class Chat(WebSocketHandler):
    def open(self):
        members.append(self)

    def on_message(self, message):
        for member in members:
            if next(count) % 10:
                member.write_message(message)

async def main():
    Application([(".*", Chat)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def crowd_of(size: int, program: str, place: Path) -> Iterator[Crowd]:
    """A crowd in one room of a server that is this program."""
    (place / "server.py").write_text(program)
    command = [sys.executable, "server.py"]
    server = Server("x", "x", lambda port, _: [*command, str(port)], lambda _: Dialect())
    with running(server, PACE.core, place) as run, closing(Crowd(run.port, run.dialect)) as crowd:
        crowd.enter(places(1, size))
        crowd.settle()
        yield crowd


def test_what_a_server_loses_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.talk.GIVEN_UP", 0.5)
    with crowd_of(5, LOSSY, tmp_path) as crowd:
        talk = Talk(crowd, Frames(Dialect()), 8, lambda: 0.0)
        talk.run(0)  # eight messages to five members are forty, of which four are dropped
        assert (talk.deliveries, talk.lost) == (36, 4)


def test_a_server_that_does_not_start_is_a_note_and_no_figure() -> None:
    broken = Server(
        "broken", "x", lambda port, place: [sys.executable, "-c", "exit('no port')"], lambda _: Dialect()
    )
    results = measure([FanOut("tiny", "tiny", 1, 1, (1,))], [broken], 1, PACE, lambda what: None)
    assert results.figures == {}
    assert results.notes == {"tiny": ["broken, tiny: it does not listen: no port."]}


def test_a_server_that_can_not_be_had_is_a_note_and_no_figure() -> None:
    def command(port: int, place: Path) -> list[str]:
        raise Missing("it is not installed")

    results = measure(
        [FanOut("tiny", "tiny", 1, 1, (1,))],
        [Server("absent", "x", command, lambda _: Dialect())],
        2,
        PACE,
        lambda what: None,
    )
    assert results.notes == {"tiny": ["absent was left out: it is not installed."]}


PINGING = """
import asyncio, sys
from tornado.web import Application
from tornado.websocket import WebSocketHandler

class Chat(WebSocketHandler):
    def on_message(self, message):
        self.ping(b"#0b#")
        self.asked = message

    def on_pong(self, data):
        if data == b"#0b#":
            self.write_message(self.asked)

async def main():
    Application([(".*", Chat)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_ping_is_answered_and_not_counted(tmp_path: Path) -> None:
    with crowd_of(1, PINGING, tmp_path) as crowd:
        talk = Talk(crowd, Frames(Dialect()), 1, lambda: 0.0)
        talk.run(0)
        assert (talk.deliveries, talk.lost) == (1, 0)


def test_a_refused_handshake_is_no_figure(tmp_path: Path) -> None:
    refusing = LOSSY.replace('(".*", Chat)', '("/elsewhere", Chat)')
    with pytest.raises(BenchError, match="404"), crowd_of(1, refusing, tmp_path):
        pass


# --- another checkout --------------------------------------------------------------------------------

OURS = Path(__file__).parent.parent
OLDER = """
import pathlib, sys
if sys.argv[1] == "config":
    print("[limits]\\nmessages_per_second = 10   # default\\n")
else:
    print(sys.argv)
"""


@pytest.mark.alone
def test_a_checkout_is_compared_with_itself(tmp_path: Path) -> None:
    ours, theirs = (tornchat("tornchat", Checkout(OURS)) for _ in range(2))
    loads = [FanOut("tiny", "2 rooms of 3", 2, 3, (1,)), Open(rooms=2, members=2), Idle(connections=50)]
    told: list[str] = []
    found = compare(loads, ours, theirs, 2, PACE, told.append)
    assert found.notes == []
    assert list(found.cases) == ["tiny-1", "open", "idle"]
    assert all(len(pairs) == 2 for pairs in found.figures.values())
    assert len(told) == 6
    assert "needs 10 pairs" in table(found)


def test_each_checkout_begins_every_other_pair() -> None:
    begun: list[str] = []

    class Noted(Idle):
        def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
            begun.append(server.title)
            yield CASE, Figure(100 if server.title == "this" else 50)

    this, other = (
        Server("tornchat", title, lambda *_: [], lambda _: Dialect()) for title in ("this", "other")
    )
    found = compare([Noted()], this, other, 3, PACE, lambda what: None)
    assert begun == ["this", "other", "other", "this", "this", "other"]
    [row] = found.rows()
    assert row.ratios == (2, 2, 2)


@pytest.mark.parametrize(
    ("unit", "ours", "theirs", "pairs", "verdict"),
    [
        (RATE, 95, 100, 10, "not slower"),
        (RATE, 94, 100, 10, "slower"),
        (RATE, 200, 100, 9, "needs 10 pairs"),
        (MEMORY, 100, 95, 10, "not larger"),
        (MEMORY, 100, 94, 10, "larger"),
    ],
)
def test_not_slower_is_a_median_of_ten_pairs_of_at_least_095(
    unit: str, ours: float, theirs: float, pairs: int, verdict: str
) -> None:
    found = Pairs()
    for _ in range(pairs):
        found.add(Case("x", "x", "x", unit), (Figure(ours), Figure(theirs)))
    [row] = found.rows()
    assert row.verdict == verdict


def test_latencies_are_judged_at_a_fixed_rate() -> None:
    found = Pairs()
    for _ in range(10):
        found.add(
            Case("open", "open", "x", PACED), (Figure(1, p50=0.001, p99=0.004), Figure(1, 0.001, 0.002))
        )
    assert [(row.figure, row.ratio, row.verdict) for row in found.rows()] == [
        (PACED, 1, "not slower"),
        ("p50, ms", 1, "not slower"),
        ("p99, ms", 0.5, "slower"),
    ]


def test_a_lost_message_stands_beside_the_table() -> None:
    found = Pairs()
    found.add(CASE, (Figure(1), Figure(1, lost=3)))
    assert "the other lost 3 messages" in table(found)


def checkout_of(program: str, place: Path) -> Checkout:
    """A checkout whose tornchat is this program."""
    for name in ("tornchat", "plugins/tornchat_jwt", "plugins/tornchat_local", "plugins/tornchat_peewee"):
        (place / name).mkdir(parents=True)
        (place / name / "__init__.py").touch()
    (place / "tornchat" / "__main__.py").write_text(program)
    return Checkout(place)


def test_an_older_checkout_is_started_without_settings_that_it_does_not_have(tmp_path: Path) -> None:
    checkout = checkout_of(OLDER, tmp_path)
    checkout.check()
    assert checkout.unlimited == ["--set", "limits.messages_per_second=0"]
    assert len(Checkout(OURS).unlimited) == 2 * len(LIFTED)


def test_a_folder_without_tornchat_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--against", str(tmp_path)])
    assert done.exit_code == 1
    assert "is no checkout of tornchat" in done.output


def test_against_refuses_options_that_it_does_not_take() -> None:
    done = CliRunner().invoke(main, ["--against", str(OURS), "--quick"])
    assert done.exit_code == 2
    assert "--against takes" in done.output


def test_every_limit_is_either_lifted_or_known_to_stay() -> None:
    known = {f"limits.{field.name}" for field in msgspec.structs.fields(LimitsSection)}
    assert known == {*LIFTED, *KEPT}
    assert lifted([]) == []


def test_cpu_time_is_finer_than_a_tick() -> None:
    before = cpu_seconds(os.getpid())
    sum(range(10_000))
    assert 0 < cpu_seconds(os.getpid()) - before < 5


# --- arithmetic -----------------------------------------------------------------------------------------


def test_a_frame_is_masked_and_its_text_has_its_size() -> None:
    payload = text_of(7).encode()
    assert len(payload) == MESSAGE_BYTES
    frame = client_frame(payload)
    mask = frame[2:6]
    assert frame[:2] == bytes((0x81, 0x80 | MESSAGE_BYTES))
    assert bytes(byte ^ mask[place % 4] for place, byte in enumerate(frame[6:])) == payload
    assert client_frame(b"x" * 300)[1:4] == b"\xfe\x01\x2c"


def test_a_mark_is_counted_once_wherever_the_stream_is_cut() -> None:
    stream = b"".join(text_frame(text_of(number).encode()) for number in range(3))
    for place in range(1, len(stream)):
        with socket.socket() as unused:
            member = Member(unused, Room("room"))
        parts = [bytearray(stream[:place]), bytearray(stream[place:])]
        assert sum(member.count(part, len(part)) for part in parts) == 3


def test_a_probe_sees_what_is_missing_twice_or_cut_in_two() -> None:
    def told(*numbers: int) -> bytes:
        return b"".join(text_frame(text_of(number).encode()) for number in numbers)

    good, bad = Probe(), Probe()
    whole = told(0, 1, 2)
    for place in range(len(whole)):
        good.read(whole[place : place + 1], [0.0] * 3)
    assert (len(good.latencies), good.misplaced) == (3, 0)
    bad.read(told(0, 2, 2, 3), [0.0] * 4)
    assert (len(bad.latencies), bad.misplaced) == (4, 2)


def test_rounds_are_combined_by_their_medians() -> None:
    rounds = [Figure(10, 0.1, 0.3, 1), Figure(30, 0.2, 0.2, 0, 2), Figure(20, 0.3, 0.4, 3)]
    assert combined(rounds) == Figure(20, 0.2, 0.3, 4, 2)
    assert combined([Figure(1)]) == Figure(1)
    assert percentile([3, 1, 2, 4], 0.5) == 3
    assert percentile(range(1000), 0.99) == 990
    assert percentile([], 0.5) is None


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    results = Results()
    for ours, theirs in ((10, 10), (40, 20), (300, 100)):
        results.add(CASE, "tornchat", Figure(ours))
        results.add(CASE, "socketify", Figure(theirs))
    assert results.ratio("room200-1", "tornchat", "socketify") == 2
    assert results.ratio("room200-1", "tornchat", "limit") is None
    [socketify, limit] = [judged for judged in judge(results) if judged.figure == CASE.title]
    assert (socketify.measured, socketify.met) == (2, True)
    assert (limit.measured, limit.met) == (None, False)


def test_a_newer_run_replaces_the_loads_that_it_measured(tmp_path: Path) -> None:
    storm = Case("storm", "storm", "joins", JOINS)
    older, newer = Results(), Results()
    older.add(CASE, "tornchat", Figure(1))
    older.add(CASE, "ws", Figure(1))
    older.add(storm, "tornchat", Figure(2))
    older.note("room200", "ws was left out")
    newer.add(CASE, "tornchat", Figure(3))
    keep(older, tmp_path / "cache" / "results.json")
    results = read(tmp_path / "cache" / "results.json")
    assert results == older
    results.replace(["room200"], newer)
    assert results.figures == {
        "storm": {"tornchat": [Figure(2)]},
        "room200-1": {"tornchat": [Figure(3)]},
    }
    assert results.notes == {}
    assert list(results.cases) == ["storm", "room200-1"]
    results.arrange(["room200", "storm"])
    assert list(results.cases) == ["room200-1", "storm"]
    assert read(tmp_path / "nothing") == Results()


def test_the_report_has_the_figures_and_a_plot_of_each_load(tmp_path: Path) -> None:
    results = Results()
    for name in TITLES:
        results.add(CASE, name, Figure(FIGURES.get(name, 1000), 0.0012, 0.0345, 0))
    report.write(results, TITLES, tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| 200 in a room, 1 in flight |" in text
    for wanted in ("123", "1.2 / 34.5", "at least 0.85", "plots/room200.svg"):
        assert wanted in text
    plot = (tmp_path / "plots" / "room200.svg").read_text()
    assert plot.startswith("<svg")
    assert "123,456" in plot


def test_an_unknown_load_is_refused_with_the_known_ones() -> None:
    done = CliRunner().invoke(main, ["--only", "nonsense"])
    assert done.exit_code == 2
    assert "room200" in done.output


# --- attacks --------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_flooder_is_measured_beside_a_neighbour() -> None:
    row = dict(zip(HEAD, measure_attack(Checkout(OURS), "flooder", 1.0, cores()[0]), strict=True))
    assert int(row["echoes"]) > 0, "it has had each echo, and was not cut off"
    assert float(row["p50, ms"]) <= float(row["p99, ms"])
    assert float(row["without CPU, ms"]) >= 0
    stored = re.fullmatch(r"(\d+) messages/s stored, 0 refused", row["attacker gets"])
    assert stored is not None, row
    assert 0 < int(stored[1]) <= 200, "burst and messages_per_second bound it"


GETS = {
    "nobody": "",
    "flooder": r"\d+ messages/s stored, 0 refused",
    "2,000 silent sockets": r"[\d,]+ of 2,000 open or waiting, [\d,]+ ended",
    "150 slow readers": "150 connections, 4 files each",
    "64 descriptors, 104 silent sockets": r"\d+ of 104 open or waiting, [1-9]\d* ended",
    "500 sockets of one user": r"of 500 sockets: .*480 closed with 1013.*20 in the room.*",
    "failed logins": r"[\d,]+ failed logins/s.*",
    "6,000 cookies": r"[\d,]+ answers 200(, [\d,]+ answers 429)?",
}
"""Attack -> what the attacker gets of a server with the default limits."""


def test_every_attack_has_its_answer() -> None:
    assert list(GETS) == list(ATTACKS)


@pytest.mark.alone
@pytest.mark.parametrize("title", list(ATTACKS))
def test_an_attack_cuts_no_neighbour_off(title: str) -> None:
    row = dict(zip(HEAD, measure_attack(Checkout(OURS), title, 2.0, cores()[0]), strict=True))
    assert re.fullmatch(r"\d+", row["echoes"]), f"it was cut off, or an echo was lost: {row}"
    assert int(row["echoes"]) > 0
    assert re.fullmatch(GETS[title], row["attacker gets"]), row
    assert float(row["log, KiB"].replace(",", "")) < 20, "one line per offender and minute"
