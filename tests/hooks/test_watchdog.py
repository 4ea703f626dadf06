"""What blocks the event loop is named in the log, once per stall."""

from __future__ import annotations

import asyncio
import functools
import threading
import time

import pytest

from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.hooks.watchdog import Watchdog

BLOCKED = 0.4


class Sleepy:
    """A plugin that waits where it must not."""

    def plain(self, *arguments):
        self.helper()

    async def step(self, *arguments):
        await asyncio.sleep(0)
        self.helper()

    def __call__(self, *arguments):
        self.helper()

    def helper(self):
        time.sleep(BLOCKED)


def watched(function, hook="connection_opened"):
    return Hooks({hook: [Implementation("sleepy", hook, function)]}, {})


async def stall(hooks, caplog, block):
    """Watch while `block` runs, until the stall is logged."""
    logged = asyncio.Event()
    loop = asyncio.get_running_loop()
    watchdog = Watchdog(hooks, 0.05)

    def arrived(record):
        loop.call_soon_threadsafe(logged.set)
        return True

    caplog.handler.addFilter(arrived)
    watchdog.start()
    try:
        await block()
        await asyncio.wait_for(logged.wait(), 5)
    finally:
        watchdog.close()
        caplog.handler.removeFilter(arrived)


@pytest.mark.parametrize(
    "function",
    [
        Sleepy().plain,
        Sleepy().step,
        Sleepy(),
        functools.partial(Sleepy().plain, "more"),
        functools.wraps(Sleepy.plain)(lambda *given: Sleepy().plain(*given)),
    ],
    ids=["plain function", "step of a coroutine", "callable object", "partial", "wrapper"],
)
def test_a_plugin_that_blocks_is_named(caplog, function):
    async def main():
        hooks = watched(function)

        async def block():
            hooks.connection_opened("c1", "::1")
            await hooks.close()

        await stall(hooks, caplog, block)

    asyncio.run(main())
    (message,) = caplog.messages
    assert message.startswith("the event loop was blocked for 0.")
    assert message.endswith(" s by plugin sleepy in connection_opened")
    assert caplog.records[0].levelname == "ERROR"
    assert caplog.records[0].name == "tornchat.hooks"


def test_where_no_plugin_is_to_blame_the_function_is_named(caplog):
    async def block():
        Sleepy().helper()

    asyncio.run(stall(watched(Sleepy().plain), caplog, block))
    (message,) = caplog.messages
    assert "by Sleepy.helper " in message
    assert f"{__file__}:" in message


def test_a_loop_that_is_well_is_not_disturbed(caplog):
    async def main():
        watchdog = Watchdog(watched(Sleepy().plain), 0.05)
        watchdog.start()
        await asyncio.sleep(0.2)  # there is no event for something that does not happen
        watchdog.close()

    asyncio.run(main())
    assert caplog.messages == []


def test_nothing_outlives_it():
    async def main():
        before = threading.active_count()
        watchdog = Watchdog(watched(Sleepy().plain))
        watchdog.start()
        assert threading.active_count() == before + 1
        watchdog.close()
        watchdog.close()
        assert threading.active_count() == before

    asyncio.run(main())


def test_0_seconds_is_off():
    async def main():
        before = threading.active_count()
        watchdog = Watchdog(watched(Sleepy().plain), 0)
        watchdog.start()
        assert threading.active_count() == before
        watchdog.close()

    asyncio.run(main())


def test_a_loop_that_was_closed_ends_it():
    watchdog = Watchdog(watched(Sleepy().plain), 0.02)

    async def main():
        watchdog.start()

    asyncio.run(main())
    thread = watchdog._thread
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()
    watchdog.close()
