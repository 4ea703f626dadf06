"""An owner of tasks ends all of them, and one failure ends neither a repetition nor the others."""

from __future__ import annotations

import asyncio

import pytest

from tornchat.tasks import Reruns, Tasks


def test_closing_cancels_all_tasks_and_waits_for_them() -> None:
    async def main() -> None:
        tasks, ended = Tasks(), []

        async def work(number: int) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(number)

        for number in range(3):
            tasks.start(work(number), f"task {number}")
        await asyncio.sleep(0)
        await asyncio.wait_for(tasks.close(), 5)
        assert sorted(ended) == [0, 1, 2]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_finishing_waits_for_what_ends_in_time_and_cancels_the_rest() -> None:
    async def main() -> None:
        tasks, ended = Tasks(), []

        async def quick() -> None:
            await asyncio.sleep(0.01)
            ended.append("quick")

        async def stuck() -> None:
            await asyncio.Event().wait()
            ended.append("stuck")

        tasks.start(quick(), "quick")
        tasks.start(stuck(), "stuck")
        await asyncio.wait_for(tasks.finish(0.1), 5)
        assert ended == ["quick"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_a_repetition_goes_on_after_a_failure_which_is_logged(
    caplog: pytest.LogCaptureFixture, is_async: bool
) -> None:
    async def main() -> None:
        tasks, calls, third = Tasks(), [], asyncio.Event()

        def count() -> None:
            calls.append(len(calls))
            if len(calls) == 3:
                third.set()
            raise ValueError(f"call {len(calls)}")

        async def count_later() -> None:
            await asyncio.sleep(0)
            count()

        tasks.every(0.001, count_later if is_async else count, "count")
        await asyncio.wait_for(third.wait(), 5)
        await tasks.close()

    asyncio.run(main())
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info][:2] == [
        "call 1",
        "call 2",
    ]


def test_a_task_that_fails_is_logged_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        tasks = Tasks()

        async def fail() -> None:
            raise ValueError("no such luck")

        tasks.start(fail(), "the one that fails")
        await tasks.finish(1)

    asyncio.run(main())
    assert caplog.messages == ["task the one that fails failed"]


def test_a_rerun_that_fails_can_be_requested_again(caplog: pytest.LogCaptureFixture) -> None:
    """A key that stayed marked as running would never run again."""

    async def main() -> list[str]:
        tasks, runs = Tasks(), []

        async def work(key: str) -> None:
            runs.append(key)
            if len(runs) == 1:
                raise ValueError("the first time")

        reruns = Reruns(tasks, work, "work", 1)
        assert reruns.request("a")
        assert not reruns.request("a")
        await tasks.finish(1)
        assert reruns.request("a")
        await tasks.finish(1)
        return runs

    assert asyncio.run(main()) == ["a", "a"]
