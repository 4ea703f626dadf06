"""A talk: in each room one member speaks, and all that everybody hears is counted."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from bench.client import Crowd
from bench.members import Frames, Probe, Sender

GIVEN_UP = 3.0
"""Seconds after which an idle server's messages are taken for lost."""
PATIENCE = 60.0
"""Seconds that a busy server is waited for when all has been said."""
BUSY = 0.2


class Talk:
    """What a crowd says in one measurement. The counts of its rooms start from nothing.

    `cpu_seconds` is the server's, to tell one that is slow from one that has lost something.
    """

    def __init__(
        self,
        crowd: Crowd,
        frames: Frames,
        in_flight: int,
        cpu_seconds: Callable[[], float],
        probes: int = 0,
    ) -> None:
        self._crowd = crowd
        self._cpu_seconds = cpu_seconds
        self._rooms = list(crowd.rooms.values())
        for room in self._rooms:
            room.forget()
        self.probes = [self._place_probe(number, probes) for number in range(probes)]
        self._senders = [Sender(room.members[0], in_flight, frames) for room in self._rooms]

    def _place_probe(self, number: int, probes: int) -> Probe:
        """Spread them over all members: who is served first is no better a witness than who is last."""
        members = [member for room in self._rooms for member in room.members]
        member = members[(2 * number + 1) * len(members) // (2 * probes)]
        member.probe = Probe()
        return member.probe

    def run(self, seconds: float) -> None:
        """Talk for so long, then wait for what is under way."""
        for room, sender in zip(self._rooms, self._senders, strict=True):
            room.members[0].sender = sender
            sender.fill()
        self._go_on(seconds)
        for room in self._rooms:
            room.members[0].sender = None
        self._hear_out()

    def _go_on(self, seconds: float) -> None:
        end = perf_counter() + seconds
        looked_at, used = perf_counter(), self._cpu_seconds()
        while (now := perf_counter()) < end:
            self._crowd.turn(min(0.1, end - now))
            if now - looked_at > GIVEN_UP:
                if not self._busy(now - looked_at, used):
                    self._revive(now)
                looked_at, used = now, self._cpu_seconds()

    def _revive(self, now: float) -> None:
        """Let those speak who wait for an answer that won't come."""
        for sender in self._senders:
            if now - sender.at > GIVEN_UP:
                sender.give_up()

    def _hear_out(self) -> None:
        end = perf_counter() + PATIENCE
        heard_at, used = perf_counter(), self._cpu_seconds()
        while self.lost > 0 and (now := perf_counter()) < end:
            came = self._crowd.turn(0.05)
            if came or (now - heard_at > GIVEN_UP and self._busy(now - heard_at, used)):
                heard_at, used = now, self._cpu_seconds()
            elif now - heard_at > GIVEN_UP:
                return

    def _busy(self, elapsed: float, used: float) -> bool:
        return self._cpu_seconds() - used > BUSY * elapsed

    @property
    def deliveries(self) -> int:
        """Messages that arrived, each counted once for each member."""
        return sum(room.received for room in self._rooms)

    @property
    def lost(self) -> int:
        """Messages that have not arrived where they should, each counted once for each member."""
        return sum(room.lost for room in self._rooms)
