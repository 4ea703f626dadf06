"""When what has failed is tried again."""

from __future__ import annotations

from tornchat.cli.backoff import MOST_SECONDS, STEADY_SECONDS, RestartPause


def test_each_quick_end_doubles_the_wait_up_to_a_most() -> None:
    backoff = RestartPause()
    assert [backoff.pause(1) for _ in range(5)] == [0, 0.5, 1, 2, 4]
    assert [backoff.pause(1) for _ in range(5)][-1] == MOST_SECONDS
    assert backoff.failures == 10


def test_who_lived_long_enough_is_begun_at_once() -> None:
    backoff = RestartPause()
    for _ in range(5):
        backoff.pause(1)
    assert backoff.pause(STEADY_SECONDS) == 0
    assert backoff.pause(1) == 0.5
