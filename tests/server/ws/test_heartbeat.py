"""Pings, missing answers and the end of a token, on a clock that the tests set."""

from __future__ import annotations

import time

from tornchat.server.ws.heartbeat import LONGEST_LOOK_AWAY, Heartbeat

INTERVAL, TIMEOUT = 20.0, 5.0


class Clock:
    """A wheel that calls what is due when the test moves the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due = []

    def at(self, when, call):
        self._due.append((when, call))

    def moves_to(self, now):
        while due := [item for item in self._due if item[0] <= now]:
            when, call = min(due, key=lambda item: item[0])
            self._due.remove((when, call))
            call(when)


class Client:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done = []

    def ping(self):
        self.done.append("ping")

    def expire(self):
        self.done.append("expire")

    def vanish(self):
        self.done.append("vanish")


def a_heartbeat(expires_at=None, interval=INTERVAL, timeout=TIMEOUT):
    client, clock = Client(), Clock()
    heartbeat = Heartbeat(client, clock, expires_at, interval, timeout)
    heartbeat.answers = True
    heartbeat.start(0.0)
    return client, clock, heartbeat


def test_a_client_is_pinged_after_each_interval_while_it_answers():
    client, clock, heartbeat = a_heartbeat()
    for count in range(1, 6):
        clock.moves_to(count * INTERVAL - 0.1)
        assert client.done == ["ping"] * (count - 1)
        clock.moves_to(count * INTERVAL)
        assert client.done == ["ping"] * count
        heartbeat.heard = True


def test_a_client_that_does_not_answer_in_time_has_vanished():
    client, clock, _ = a_heartbeat()
    clock.moves_to(INTERVAL + TIMEOUT - 0.1)
    assert client.done == ["ping"]
    clock.moves_to(INTERVAL + TIMEOUT)
    assert client.done == ["ping", "vanish"]


def test_a_client_that_stops_answering_later_has_vanished_too():
    client, clock, heartbeat = a_heartbeat(expires_at=time.time() + 3600)
    clock.moves_to(INTERVAL)
    heartbeat.heard = True
    clock.moves_to(2 * INTERVAL + TIMEOUT)
    assert client.done == ["ping", "ping", "vanish"]


def test_a_client_that_is_not_read_has_not_vanished():
    client, clock, heartbeat = a_heartbeat()
    heartbeat.paused = True
    clock.moves_to(3 * INTERVAL)
    assert "vanish" not in client.done


def test_a_client_that_is_not_let_in_yet_is_not_pinged():
    client, clock, heartbeat = a_heartbeat()
    heartbeat.answers = False
    clock.moves_to(5 * INTERVAL)
    assert client.done == []


def test_the_end_of_a_token_is_noticed_without_pings():
    client, clock, _ = a_heartbeat(expires_at=time.time() + 0.05, interval=0)
    assert client.done == []
    time.sleep(0.06)
    clock.moves_to(LONGEST_LOOK_AWAY)
    assert client.done == ["expire"]


def test_nothing_is_done_after_the_stop():
    client, clock, heartbeat = a_heartbeat(expires_at=time.time() + 0.05)
    heartbeat.stop()
    time.sleep(0.06)
    clock.moves_to(10 * INTERVAL)
    assert client.done == []
