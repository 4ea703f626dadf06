"""Rates of messages and bytes, per user and over all connections."""

from __future__ import annotations

import gc

from tornchat.config.sections import LimitsSection
from tornchat.offenders import Offenders
from tornchat.service import quota as module
from tornchat.service.quota import Quotas


def quotas(**limits):
    return Quotas(LimitsSection(**limits), Offenders(lambda: 0.0))


def test_messages_and_bytes_are_limited_and_a_refused_message_takes_neither():
    own = quotas(messages_per_second=1, burst=2, bytes_per_second=100, bytes_burst=100).of("romeo")
    assert own.take(90, 0.0) == 0
    assert own.take(90, 0.0) == 0.8  # bytes are missing
    assert own.take(10, 0.0) == 0
    assert own.take(0, 0.0) == 1  # a message is missing


def test_what_is_no_message_of_its_own_takes_bytes_only():
    own = quotas(messages_per_second=1, burst=1, bytes_per_second=100, bytes_burst=100).of("romeo")
    assert own.take(10, 0.0) == 0
    assert own.take(50, 0.0, 0) == 0
    assert own.take(40, 0.0, 0) == 0
    assert own.take(10, 0.0, 0) == 0.1


def test_a_message_larger_than_the_burst_passes_once_the_burst_is_full():
    own = quotas(bytes_per_second=100, bytes_burst=100).of("romeo")
    assert own.take(500, 0.0) == 0
    assert own.take(1, 0.0) > 4


def test_all_connections_of_a_user_share_a_quota_even_after_a_reconnect(monkeypatch):
    monkeypatch.setattr(module, "MOST_CALLERS", 2)
    all_quotas = quotas(messages_per_second=1, burst=1)
    held = all_quotas.of("romeo")
    assert held.take(1, 0.0) == 0
    for other in ("juliet", "tybalt", "paris"):
        all_quotas.of(other)
    assert all_quotas.of("romeo") is held, "a quota in use is kept, however many others come"
    all_quotas.of("juliet").take(1, 0.0)
    gc.collect()
    assert all_quotas.of("juliet").take(1, 0.0) == 1, "and that of a user who was here a moment ago"


def test_0_is_no_limit():
    own = quotas(messages_per_second=0, bytes_per_second=0).of("romeo")
    assert not any(own.take(1 << 20, 0.0) for _ in range(1000))
