"""Limits that were exceeded: counted each time, logged once per offender and minute."""

from __future__ import annotations

import logging

import pytest

from tornchat.offenders import QUIET_SECONDS, Offenders


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_line_per_offender_limit_and_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    offenders = Offenders(clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            offenders.note("sockets", "romeo", "refused")
        offenders.note("sockets", "juliet", "refused")
        offenders.note("logins", "romeo", "refused")
        clock.now += QUIET_SECONDS
        offenders.note("sockets", "romeo", "refused")
    told = [(vars(record)["offender"], vars(record)["limit"]) for record in caplog.records]
    assert told == [("romeo", "sockets"), ("juliet", "sockets"), ("romeo", "logins"), ("romeo", "sockets")]
    assert offenders.counts == {"sockets": 1002, "logins": 1}


def test_many_offenders_take_neither_memory_nor_log(caplog: pytest.LogCaptureFixture) -> None:
    offenders = Offenders(Clock(), most=10)
    with caplog.at_level(logging.WARNING):
        for number in range(1000):
            offenders.note("handshakes", f"10.0.0.{number}", "refused")
    assert (len(offenders), len(caplog.records)) == (10, 10)
    assert offenders.counts["handshakes"] == 1000


def test_many_offenders_of_one_limit_hide_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Else a thousand addresses would keep the lines about full descriptors out of the log."""
    offenders = Offenders(Clock(), most=10)
    for number in range(100):
        offenders.note("handshakes", f"10.0.0.{number}", "refused")
    with caplog.at_level(logging.WARNING):
        offenders.note("connections", "this server", "refused")
        assert offenders.may_tell("descriptors", "")
    assert vars(caplog.records[-1])["limit"] == "connections"


def test_lines_that_are_left_out_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    offenders = Offenders(Clock(), most=10)
    with caplog.at_level(logging.WARNING):
        for number in range(25):
            offenders.note("handshakes", f"10.0.0.{number}", "refused")
        for _ in range(3):
            offenders.may_tell("refused_origin", "10.0.0.1")
        caplog.clear()
        offenders.sum_up()
        offenders.sum_up()
    found = {vars(record)["subject"]: vars(record)["lines"] for record in caplog.records}
    assert found == {"handshakes": 15, "refused_origin": 2}
    assert len(caplog.records) == 2, "told once"
