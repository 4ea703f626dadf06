"""Failed logins: each one beyond the limit waits, however many there are, and they lock nobody out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.nodes import until
from tests.server.edge.test_edge import come, play
from tests.stage import Stage
from tornchat.offenders import Offenders
from tornchat.server.edge.logins import FailedLogins

MANY = 250
"""Before, 200 answers of one address waited, and all others were given at once."""
ADDRESS = "203.0.113.7"


def with_logins(act: Callable[[FailedLogins], Awaitable[None]], connections: int = 0) -> None:
    async def run() -> None:
        logins = FailedLogins(1, Offenders(time.monotonic))
        logins.begin(connections)
        await act(logins)

    asyncio.run(run())


async def fail(logins: FailedLogins, count: int) -> list[asyncio.Task[None]]:
    """Fail `count` times; return the answers that wait, once all do."""
    seconds = [logins.failed(ADDRESS) for _ in range(count)]
    tasks = [asyncio.create_task(logins.wait(one)) for one in seconds]
    await asyncio.sleep(0)
    return tasks


def test_none_of_many_failures_is_answered_at_once() -> None:
    async def act(logins: FailedLogins) -> None:
        tasks = await fail(logins, 5_000)
        await asyncio.sleep(0)  # not longer, since the second answer waits for 0.25 s
        assert [task.done() for task in tasks] == [True] + [False] * 4_999
        assert logins.waiting == 4_999
        logins.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)
        assert logins.waiting == 0

    with_logins(act)


def test_answers_that_wait_hold_half_of_the_connections_at_most() -> None:
    async def act(logins: FailedLogins) -> None:
        tasks = await fail(logins, 26)
        await asyncio.sleep(0)
        assert logins.waiting == 10
        assert [task.done() for task in tasks] == [True] * 16 + [False] * 10, "the oldest go first"
        logins.close()
        await asyncio.gather(*tasks)

    with_logins(act, connections=20)


def test_a_client_that_goes_is_not_waited_for() -> None:
    async def act(logins: FailedLogins) -> None:
        tasks = await fail(logins, 3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert logins.waiting == 0

    with_logins(act)


def test_the_place_of_a_caller_that_disconnects_is_free_at_once(tmp_path: Path) -> None:
    call = f"GET /api/me HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {ADDRESS}\r\nAuthorization: Bearer x\r\n\r\n"

    async def act(stage: Stage) -> None:
        logins, callers = stage.app.edge.logins, []
        while logins.failed(ADDRESS) < 10:
            pass
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", stage.port)
            writer.write(call.encode())
            callers.append(writer)
        await until(lambda: logins.waiting == 20, 5, "20 answers wait")
        for writer in callers:
            writer.close()
        await until(lambda: logins.waiting == 0, 2, "every place is free")  # the answers would wait for 10 s

    play(tmp_path, act, failed_logins_per_minute=1, handshakes_per_second=0)


@pytest.mark.long
def test_many_failing_sockets_of_one_address_all_wait_and_a_good_token_does_not(tmp_path: Path) -> None:
    async def answer(stage: Stage) -> str:
        socket = await come(stage, "eve", address=ADDRESS, token="forged")
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                code, _ = await socket.ends_with()
                return str(code)
        return "none yet"

    async def act(stage: Stage) -> None:
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(answer(stage) for _ in range(MANY)))
        early = [one for one in answers if one != "none yet"]
        assert len(early) <= 5 + 4 * 3, "up to a second after the first"
        assert set(early) == {"4001"}, "nobody is refused in another way"
        await (await come(stage, "ann", address=ADDRESS)).is_in()

    play(tmp_path, act, failed_logins_per_minute=5, handshakes_per_second=0)
