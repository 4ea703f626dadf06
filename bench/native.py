"""The load generator in C: bench/load.c as a process that is told what to do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from bench import talk
from bench.client import BenchError
from bench.compiled import compiled
from bench.dialects import Dialect, text_of
from bench.heard import Heard
from bench.servers import Running

SOURCE = Path(__file__).parent / "load.c"
LOOK = 0.5
"""Seconds for which a server that has fallen silent is looked at."""


class NativeGenerator:
    """The clients of one server, in a process of their own on this process's core."""

    def __init__(self, run: Running) -> None:
        self._run = run
        self._process = subprocess.Popen([compiled(SOURCE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def enter(self, places: Iterable[tuple[str, str]]) -> None:
        """Connect every (room, user). Raises `BenchError` if somebody is not let in."""
        self._ask(_introduction(self._run, list(places)))

    def talk(self, in_flight: int, seconds: float) -> Heard:
        """Keep so many messages of each room unanswered for so long, and wait for what is under way."""
        return _heard(self._ask(b"talk %d %f\n" % (in_flight, seconds)))

    def pace(self, rate: float, seconds: float) -> Heard:
        """Send so many messages a second in each room for so long, and wait for what is under way."""
        return _heard(self._ask(b"pace %f %f\n" % (rate, seconds)))

    def close(self) -> None:
        """Hang up."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, what: bytes) -> list[str]:
        self._tell(what)
        while (word := self._answer())[0] == "busy?":
            self._tell(b"yes\n" if self._busy() else b"no\n")
        return word

    def _tell(self, what: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(what)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has said why

    def _answer(self) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode(errors="replace").strip()
        if not line or line.startswith("error "):
            raise BenchError(line.removeprefix("error ") or "the load generator ended")
        return line.split()

    def _busy(self) -> bool:
        before = self._run.cpu_seconds()
        time.sleep(LOOK)
        return self._run.cpu_seconds() - before > talk.BUSY * LOOK


def _introduction(run: Running, places: list[tuple[str, str]]) -> bytes:
    dialect = run.dialect
    rooms = {room: place for place, room in enumerate(dict.fromkeys(room for room, _ in places))}
    numbers = (run.port, len(rooms), len(places), int(talk.GIVEN_UP * 1000), _number_at(dialect))
    parts = [_line(*numbers), *map(_string, _frames(dialect))]
    for room, user in places:
        parts += [_line(rooms[room]), _string(dialect.request(room, user)), _string(dialect.greeting(room))]
    return b"".join(parts)


def _frames(dialect: Dialect) -> tuple[bytes, ...]:
    """A message, what says that one is in, and a ping that is no control frame with its answer."""
    control = dialect.ping == Dialect.ping
    ping, pong = (b"", b"") if control else (dialect.ping, dialect.pong(dialect.ping))
    return dialect.say(text_of(0)), dialect.entered, ping, pong


def _number_at(dialect: Dialect) -> int:
    """Where the digits of the number begin in the frame of a message."""
    pairs = zip(dialect.say(text_of(0)), dialect.say(text_of(11111111)), strict=True)
    return next(place for place, (nought, one) in enumerate(pairs) if nought != one)


def _line(*numbers: int) -> bytes:
    return b"%s\n" % " ".join(map(str, numbers)).encode()


def _string(text: bytes) -> bytes:
    return _line(len(text)) + text


def _heard(words: list[str]) -> Heard:
    deliveries, lost, misplaced = map(int, words[1:4])
    return Heard(deliveries, lost, misplaced, *map(float, words[4:7])) if deliveries else Heard(0, lost, 0)
